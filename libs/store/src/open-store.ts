import type { Clock, Random } from '@lifeboat/model';
import type { StoreFs } from './fs/store-fs.js';
import type { ChunkIndex } from './index/chunk-index.js';

/** What a store is opened on. */
export type OpenStoreOptions = Readonly<{
  /** The store's directory; made when missing. */
  path: string;
  clock: Clock;
  random: Random;
  /** Default: the directory itself. */
  fs?: StoreFs;
  /** Default: LMDB in the store's `index/`. */
  index?: ChunkIndex;
}>;
