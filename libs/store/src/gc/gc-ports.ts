import type { PageSource, StoreId } from '@lifeboat/model';
import type { WriteFence } from '../concurrency/write-fence.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkIndex } from '../index/chunk-index.js';
import type { Ledger } from '../ledger/ledger.js';
import type { PackAppender } from '../pack/pack-appender.js';
import type { PackFiles } from '../pack/pack-files.js';
import type { PackInventory } from '../pack/pack-inventory.js';
import type { PackStates } from '../pack/pack-states.js';
import type { PackUses } from '../pack/pack-uses.js';
import type { CommittedPoints } from '../point/committed-points.js';
import type { PointFiles } from '../point/point-files.js';

/** The parts of a store that garbage is collected from. */
export type GcPorts = Readonly<{
  storeId: StoreId; fs: StoreFs; fence: WriteFence; ledger: Ledger; points: CommittedPoints; pointFiles: PointFiles; appender: PackAppender; index: ChunkIndex;
  packFiles: PackFiles; states: PackStates; uses: PackUses; inventory: PackInventory; readPage: PageSource; monotonicMs: () => number;
  /** Runs alone among commits, purges, condemnations and deletions. */
  underCommitLock: <T>(task: () => Promise<T>) => Promise<T>;
}>;
