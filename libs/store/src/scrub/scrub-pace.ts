import { MIB, type Clock } from '@lifeboat/model';
import type { ScrubOptions } from './scrub-report.js';

const pauseEveryBytes = 8 * MIB;

/** Slows a scrub down: asks for leave every 8 MiB, keeps to a rate, ends it when its signal says so. */
export class ScrubPace {
  private readonly startedMs: number;
  private bytes = 0;
  private sincePause = 0;
  private pausedMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: Pick<ScrubOptions, 'pause' | 'bytesPerSecond' | 'signal'>,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  /** Bytes read so far. */
  get bytesRead(): number {
    return this.bytes;
  }

  /** To be awaited after each read. @throws the signal's reason when aborted. */
  readonly afterRead = async (readBytes: number): Promise<void> => {
    const { signal, bytesPerSecond } = this.options;
    signal?.throwIfAborted();
    this.bytes += readBytes;
    this.sincePause += readBytes;
    if (this.sincePause >= pauseEveryBytes) await this.pause();
    if (bytesPerSecond === undefined) return;
    const aheadMs = (this.bytes / bytesPerSecond) * 1000 - (this.clock.monotonicMs() - this.startedMs - this.pausedMs);
    if (aheadMs > 1) await this.clock.sleep(aheadMs, signal);
  };

  /** Waits for leave to go on; the time it takes is no reason to read faster afterwards. */
  async pause(): Promise<void> {
    this.sincePause = 0;
    const beganMs = this.clock.monotonicMs();
    await this.options.pause?.();
    this.pausedMs += this.clock.monotonicMs() - beganMs;
    this.options.signal?.throwIfAborted();
  }
}
