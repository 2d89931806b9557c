import { readFile } from 'node:fs/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { hours, randomHex128, type Clock, type Random } from '@lifeboat/model';
import { clockReading, confirmClock, expiryNowMs, immutableFromMs, resumeClock, stepTrustedClock, type ClockReading, type TrustedClock } from '@lifeboat/retention';
import type { Logger } from 'pino';
import { errnoOf } from '../config/errno-of.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, CLOCK, LOGGER, RANDOM } from '../platform/tokens.js';

const anchorEveryMs = hours(1);
const bootIdFile = '/proc/sys/kernel/random/boot_id';

/** `nowMs` is the time by which things end; `immutableFromMs` the time from which new immutability counts. */
export type TrustedReading = Readonly<{ nowMs: number; immutableFromMs: number; clock: ClockReading }>;

/** The time by which pins, immutability and the time to bring back end. It follows no jump of the wall clock, and an hourly anchor in the ledger carries it over restarts. */
@Injectable()
export class TrustedTime implements OnModuleDestroy {
  private clock: TrustedClock | undefined;
  private opening: Promise<void> | undefined;
  private bootId = '';
  /** What the system's clock since boot shows at the port's zero. */
  private bootOffsetMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CLOCK) private readonly wallClock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Writes an anchor now and every hour. */
  async begin(): Promise<void> {
    await this.anchor();
    this.timer = setInterval(() => { void this.anchorQuietly(); }, anchorEveryMs);
    this.timer.unref();
  }

  /** A last anchor, so that little has to be believed at the next start. */
  async onModuleDestroy(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    await this.anchorQuietly();
  }

  /** The time now, as far as it can be trusted. */
  async read(): Promise<TrustedReading> {
    const clock = await this.step();
    return { nowMs: expiryNowMs(clock), immutableFromMs: immutableFromMs(clock), clock: clockReading(clock) };
  }

  /** An admin looked at the clock: it is right. */
  async confirm(): Promise<TrustedReading> {
    this.clock = confirmClock(await this.step());
    await this.anchor();
    this.log.warn({ trustedMs: this.clock.trustedMs }, 'the time was confirmed by an operator');
    return this.read();
  }

  private async anchorQuietly(): Promise<void> {
    try {
      await this.anchor();
    } catch (error) {
      this.log.error({ err: error }, 'the trusted time could not be written down');
    }
  }

  private async anchor(): Promise<void> {
    const { wallMs, trustedMs, bootId, monotonicMs, beliefLeftMs, jumped } = await this.step();
    if (jumped) this.log.error({ wallMs, trustedMs }, 'the wall clock and the trusted time disagree; nothing expires until they agree or the time is confirmed');
    await this.ledger.append({ type: 'time.anchored', wallMs, trustedMs: Math.floor(trustedMs), bootId, beliefLeftMs, ...(monotonicMs === null ? {} : { monotonicMs }) });
  }

  private async step(): Promise<TrustedClock> {
    await (this.opening ??= this.open());
    const sample = { wallMs: this.wallClock.nowMs(), monotonicMs: Math.floor(this.bootOffsetMs + this.wallClock.monotonicMs()), bootId: this.bootId, claims: [] };
    const clock = stepTrustedClock(this.clock ?? null, sample);
    this.clock = clock;
    return clock;
  }

  private async open(): Promise<void> {
    this.bootId = await this.readBootId();
    this.bootOffsetMs = Number(process.hrtime.bigint() / 1_000_000n) - this.wallClock.monotonicMs();
    const anchor = await this.catalog.retention.timeAnchor();
    if (!anchor) return;
    const { monotonicMs, beliefLeftMs, ...same } = anchor;
    const resumed = resumeClock({ ...same, ...(monotonicMs === null ? {} : { monotonicMs }) });
    this.clock = beliefLeftMs === null ? resumed : { ...resumed, beliefLeftMs };
  }

  /** Systems that do not tell begin a boot of their own with each process. */
  private async readBootId(): Promise<string> {
    try {
      return (await readFile(bootIdFile, 'utf8')).trim().slice(0, 64);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return randomHex128(this.random);
    }
  }
}
