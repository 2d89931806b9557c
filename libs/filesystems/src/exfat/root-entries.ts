import type { BlockReader } from '@lifeboat/block-device';
import type { Extent } from '@lifeboat/model';
import { readOrNull } from '../bytes/read-or-null.js';
import type { ExfatChains } from './exfat-chains.js';
import type { ExfatGeometry } from './exfat-geometry.js';

const ENTRY_BYTES = 32;
const BITMAP_ENTRY = 0x81;
const LABEL_ENTRY = 0x83;
const LABEL_CHARACTERS_MAX = 11;
/** The bitmap stands at the start of the root directory; a search must end all the same. */
const DIRECTORY_BYTES_MAX = 256 * 1024 * 1024;

/** What the root directory says of the volume. */
export type RootEntries = Readonly<{ bitmap: Readonly<{ cluster: number; lengthBytes: number }> | null; label: string | null; clusters: readonly Extent[] }>;

/** Looks for the entries of the allocation bitmap and of the label. @see Microsoft, "exFAT file system specification", sections 7.1 and 7.3. */
export async function findRootEntries(volume: BlockReader, geometry: ExfatGeometry, chains: ExfatChains): Promise<RootEntries> {
  const clusters: Extent[] = [];
  let bitmap: RootEntries['bitmap'] = null;
  let label: string | null = null;
  let cluster: number | null = geometry.rootCluster;
  for (let seenBytes = 0; cluster !== null && seenBytes < Math.min(DIRECTORY_BYTES_MAX, geometry.clusterCount * geometry.clusterBytes); seenBytes += geometry.clusterBytes) {
    const extent: Extent | null = chains.extentOf(cluster);
    const bytes: Buffer | null = extent === null ? null : await readOrNull(volume, extent.offsetBytes, extent.lengthBytes);
    if (extent === null || bytes === null) return { bitmap, label, clusters };
    clusters.push(extent);
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      const type = bytes.readUInt8(at);
      if (type === 0) return { bitmap, label, clusters };
      if (type === BITMAP_ENTRY && bitmap === null) bitmap = { cluster: bytes.readUInt32LE(at + 20), lengthBytes: Number(bytes.readBigUInt64LE(at + 24)) };
      if (type === LABEL_ENTRY) label = bytes.toString('utf16le', at + 2, at + 2 + 2 * Math.min(LABEL_CHARACTERS_MAX, bytes.readUInt8(at + 1))) || null;
    }
    cluster = await chains.next(cluster);
  }
  return { bitmap, label, clusters };
}
