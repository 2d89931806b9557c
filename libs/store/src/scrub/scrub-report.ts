import type { PackId } from '@lifeboat/model';
import type { RepairReport } from '../repair/repair-report.js';

/** How far a scrub has come, in packs it will read and in bytes read. */
export type ScrubProgress = Readonly<{ packsDone: number; packsTotal: number; bytesRead: number }>;

/** How and how much to scrub. Times are ms since 1970, of the time the store trusts. */
export type ScrubOptions = Readonly<{
  /** No byte stays unread for longer, given enough runs; default 30 days. A pack is due when three quarters of it have passed. */
  deadlineMs?: number;
  nowMs: number;
  /** `due` (default): packs that are due or have no parity, oldest first; `all`: every pack. */
  packs?: 'due' | 'all';
  /** Awaited between packs and every 8 MiB, so that backups come first. */
  pause?: () => Promise<void>;
  /** Average rate that is not exceeded. Default: as fast as the disk. */
  bytesPerSecond?: number;
  /** Ends the scrub early; what was read counts, and the next run goes on from there. */
  signal?: AbortSignal;
  onProgress?: (progress: ScrubProgress) => void;
}>;

/** A pack that could not be looked at, with the code of the failure. Not damage: the next run tries again. */
export type UnreadPack = Readonly<{ packId: PackId; code: string }>;

/**
 * What a scrub found and did. Chunks include pages. `lostChunks` counts what neither parity nor another copy gave back, `healedChunks` wants that came back since the
 * scrub before; `wantedChunks` is what is still missing at the end.
 */
export type ScrubReport = Readonly<{
  /** False when it was ended early. */
  complete: boolean;
  packsRead: number; bytesRead: number; damagedPacks: number; repairedChunks: number; repairedBytes: number; lostChunks: number; lostBytes: number;
  healedChunks: number; wantedChunks: number;
  /** Parity files made or made anew. */
  parityWritten: number;
  /** Packs that looked damaged at first and were not. */
  transientPacks: number;
  unreadPacks: readonly UnreadPack[];
  /** One for each damaged pack, at most 1000. */
  repairs: readonly RepairReport[];
  /** When the pack whose scrub lies back longest was last known to be right; null in a store without sealed packs. */
  oldestUnscrubbedAtMs: number | null;
}>;
