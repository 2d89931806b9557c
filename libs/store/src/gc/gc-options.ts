import type { Digest } from '@lifeboat/model';

/** A volume's map that a session relies on beside committed points. */
export type MapRoot = Readonly<{ digest: Digest; lengthBytes: number }>;

/** What a collection is doing: `done` of `total` points while marking, packs otherwise. */
export type GcProgress = Readonly<{ phase: 'mark' | 'condemn' | 'compact' | 'delete'; done: number; total: number }>;

/** How a collection is run. */
export type CollectGarbageOptions = Readonly<{
  /**
   * Every chunk and page that open and parked sessions rely on: of what they have taken, durable or not, up to the frame that is being taken. Called once in each
   * cycle, after it began. It either answers them or visits each and resolves. Repeats are harmless.
   */
  sessions: (visit: (digest: Digest) => void) => Iterable<Digest> | AsyncIterable<Digest> | Promise<void>;
  /** Maps that sessions rely on with everything below, such as their bases. Pages of them that are gone are passed over. */
  extraPoints?: () => Iterable<MapRoot> | AsyncIterable<MapRoot>;
  /** Time that never runs backwards nor jumps; quarantine counts in it. */
  trustedNowMs: number;
  /** How long a condemned pack stays before it may be deleted. 0 deletes in the same call, after a second mark. */
  quarantineMs: number;
  /** Packs of whose bytes a smaller share is live are rewritten, 0 to 1; default 0.6. With 1 every pack that holds any garbage is. */
  compactBelowLiveRatio?: number;
  signal?: AbortSignal;
  onProgress?: (progress: GcProgress) => void;
}>;

/** What a collection found and did; bytes are of pack files unless they are called plain. */
export type GcReport = Readonly<{
  /** Number of the last cycle. */
  epoch: number;
  /** Distinct live chunks and their bytes when expanded. */
  livePlainBytes: number; liveChunks: number;
  packsExamined: number;
  /** Packs with nothing live, packs whose live part was copied elsewhere, condemned packs that live again, packs deleted. */
  condemnedPacks: number; rewrittenPacks: number; rescuedPacks: number; deletedPacks: number;
  /** Packs that are damaged, or whose content could not be copied; they stay until a scrub has repaired them. */
  keptDamagedPacks: number;
  /** Bytes of the files that were removed. */
  freedBytes: number;
  /** Bytes of packs that are condemned and wait for their deletion. */
  reclaimableBytes: number;
  /** Point files that no ledger record speaks of; what they name is kept. */
  uncommittedPoints: number;
  durationMs: number;
}>;
