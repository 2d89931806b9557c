export { MemoryStoreFs, Crashed, type FaultPlan, type FsOperation } from './memory-store-fs.js';
export { type PowerCut } from './memory-files.js';
export { openMemoryStore, seededRandom } from './memory-store.js';
export { sampleChunk, sampleChunkBytes, sampleManifest, putChunks, putVolume, commitVolume, type SamplePoint, type SampleVolume } from './sample-backup.js';
export { readSampleVolume } from './read-volume.js';
export { storeFsConformance, ConformanceBroken, type ConformanceCase } from './store-fs-conformance.js';
export { chunkIndexConformance } from './chunk-index-conformance.js';
