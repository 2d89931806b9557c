export { type Store, type ReceivedSegment, type ReceivedPage, type StoreStats } from './store.js';
export { type OpenStoreOptions } from './open-store.js';
export { type StoreFs, type StoreFile, type StoreFileStat, type StoreSpace, type OpenMode } from './fs/store-fs.js';
export { type ChunkIndex, type ChunkPlace, type IndexedPack, type IndexBatch } from './index/chunk-index.js';
export {
  StoreLocked, NotAStore, StoreFormatNewer, StoreFileDamaged, StoreReadOnly, LedgerCorrupt, StoreFull, StoreClosed, ChunkMissing, ChunkDamaged,
  PointMissing, PointDamaged, PointClosureBroken, PointExists, StoreShortRead, StoreShortWrite, StoreUnusable,
} from './errors.js';
