import type { PackId } from '@lifeboat/model';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Packs that wait; a store that seals faster than parity is made leaves the rest to the next scrub. */
const waitingMax = 64;
/** Packs still done when the store is closed: those sealed by the closing itself, mostly. */
const atCloseMax = 4;

/**
 * Makes parity for packs as they are sealed, in the background, one at a time. Nothing waits for it and nothing fails by it: a scrub makes what is missing.
 * @param protect makes the parity of one pack.
 */
export class ParityWriter {
  private readonly waiting: PackId[] = [];
  private running: Promise<void> | undefined;
  private closing = false;

  constructor(private readonly protect: (packId: PackId) => Promise<unknown>) {}

  /** Takes a pack that has just been sealed. */
  enqueue(packId: PackId): void {
    if (this.waiting.length >= waitingMax) return;
    this.waiting.push(packId);
    this.running ??= this.run();
  }

  /** Resolves when nothing waits and nothing runs. */
  async settle(): Promise<void> {
    await this.running;
  }

  /** Finishes the newest few and forgets the rest. */
  async close(): Promise<void> {
    this.waiting.splice(0, Math.max(0, this.waiting.length - atCloseMax));
    await this.running;
    this.closing = true;
  }

  private async run(): Promise<void> {
    for (;;) {
      await nextTurn();
      const packId = this.waiting.shift();
      if (packId === undefined || this.closing) break;
      // Whatever the reason, the pack is as safe as before, and a scrub tries again and reports.
      await this.protect(packId).catch(() => undefined);
    }
    this.running = undefined;
  }
}
