import type { PackId } from '@lifeboat/model';
import type { StoreFs } from '../fs/store-fs.js';
import { ImageMemory } from '../parity/pack-image.js';
import type { ListedRecord } from '../pack/pack-footer.js';
import { inspectPack, rebuildPack } from '../scrub/inspect-pack.js';

/** The records of a pack as far as they can be named, and which of their entries stay unreadable, by record offset. */
export type ReadablePack = Readonly<{ records: readonly ListedRecord[]; damaged: ReadonlyMap<number, ReadonlySet<number>> }>;

/** What a damaged pack still gives with the help of its parity and of the copies in its footer: what a read would get. The files are not changed. */
export async function readByParity(fs: StoreFs, packId: PackId): Promise<ReadablePack> {
  const inspection = await inspectPack(packId, { fs, memory: new ImageMemory(), uncached: false, thorough: true, pace: () => Promise.resolve() });
  const { check } = await rebuildPack(inspection);
  return { records: check.records, damaged: check.damaged };
}
