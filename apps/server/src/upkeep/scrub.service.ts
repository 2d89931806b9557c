import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Ingest } from '@lifeboat/ingest';
import { seconds, type Clock } from '@lifeboat/model';
import type { ScrubReport, Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import { CLOCK, INGEST, LOGGER, STORE } from '../platform/tokens.js';
import { Chore, type ChoreTrigger } from './chore.js';
import { DamageService } from './damage.service.js';

/** While a backup is running, a scrub looks again after so long whether it may go on. */
const loadPollMs = seconds(2);
/** Longest time a scrub stands aside for backups that never pause; after it a step is taken all the same, so that the deadline holds. */
const yieldMsMax = seconds(30);

/** How a scrub is wanted: every pack, or those whose deadline comes; and the deadline of a byte, in milliseconds. */
export type ScrubWish = Readonly<{ trigger: ChoreTrigger; packs: 'all' | 'due'; deadlineMs: number }>;

/** Reads the store's bytes in the background, repairs what can be repaired, and has the rest marked. */
@Injectable()
export class ScrubService implements OnModuleDestroy {
  readonly chore: Chore<ScrubReport>;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(DamageService) private readonly damage: DamageService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) log: Logger,
  ) {
    this.chore = new Chore('scrub', { clock, log });
  }

  /** Starts a scrub and answers at once; joins the one under way. */
  start(wish: ScrubWish): void {
    this.chore.start(wish.trigger, (ports) => this.work(wish, ports));
  }

  /** Scrubs, or joins the scrub under way. */
  scrub(wish: ScrubWish): Promise<ScrubReport> {
    return this.chore.run(wish.trigger, (ports) => this.work(wish, ports));
  }

  onModuleDestroy(): Promise<void> {
    return this.chore.close();
  }

  private async work({ packs, deadlineMs }: ScrubWish, ports: Readonly<{ signal: AbortSignal; onProgress: (progress: Readonly<{ phase: string; done: number; total: number }>) => void; onPaused: (paused: boolean) => void }>): Promise<ScrubReport> {
    ports.onProgress({ phase: 'ledger and points', done: 0, total: 1 });
    await this.store.verifyTwins(ports.signal);
    const report = await this.store.scrub({
      packs, deadlineMs, nowMs: this.clock.nowMs(), signal: ports.signal, pause: () => this.standAside(ports),
      onProgress: ({ packsDone, packsTotal }) => { ports.onProgress({ phase: 'packs', done: packsDone, total: packsTotal }); },
    });
    ports.signal.throwIfAborted();
    await this.damage.refresh('scrub');
    return report;
  }

  /** Backups first: waits while any is receiving, but never for ever. */
  private async standAside({ signal, onPaused }: Readonly<{ signal: AbortSignal; onPaused: (paused: boolean) => void }>): Promise<void> {
    const until = this.clock.monotonicMs() + yieldMsMax;
    const isBusy = (): boolean => this.ingest.list().some(({ state }) => state === 'receiving');
    while (isBusy() && this.clock.monotonicMs() < until && !signal.aborted) {
      onPaused(true);
      await this.clock.sleep(loadPollMs, signal);
    }
    onPaused(false);
  }
}
