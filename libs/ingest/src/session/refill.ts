import { walkMap, type Digest, type MapEntry, type PageSource } from '@lifeboat/model';
import { FrameInvalid, type BatchFrame } from '@lifeboat/protocol';
import { FrameOutOfPlace } from '../errors.js';
import type { NeededChunk } from '../ingest.js';

/** A volume that has ended. */
export type EndedVolume = Readonly<{ number: number; mapRoot: Digest; lengthBytes: number }>;

/** Needs told at once; what is left is told at the next commit. */
export const neededChunksMax = 4096;

/**
 * The chunks of ended volumes that the store does not have, in order, at most {@link neededChunksMax}. Cost: reads every page of the maps.
 * @throws what `getPage` throws: a map that cannot be read cannot be filled.
 */
export async function findNeeded(volumes: readonly EndedVolume[], store: Readonly<{ has(digest: Digest): boolean; readPage: PageSource }>): Promise<NeededChunk[]> {
  const needed: NeededChunk[] = [];
  for (const { number, mapRoot, lengthBytes } of volumes) {
    for await (const entry of walkMap({ root: mapRoot, lengthBytes, getPage: store.readPage })) {
      if (entry.kind !== 'data' || store.has(entry.digest)) continue;
      needed.push({ volume: number, offsetBytes: entry.offsetBytes, lengthBytes: entry.lengthBytes });
      if (needed.length === neededChunksMax) return needed;
    }
  }
  return needed;
}

/**
 * Checks that a batch brings nothing but chunks of an ended volume's own map: each entry is what the map says at its place. So a refill can add bytes to
 * the store and change nothing.
 * @throws FrameInvalid (FRAME_INVALID) chunks without their bytes, FrameOutOfPlace (FRAME_OUT_OF_PLACE) anything the map does not name.
 */
export async function assertRefill(frame: BatchFrame, volume: EndedVolume, getPage: PageSource): Promise<void> {
  let chunkBytes = 0;
  for (const entry of frame.entries) {
    if (entry.kind !== 'data') throw new FrameOutOfPlace('the volume has ended', { volume: frame.volume, offsetBytes: entry.offsetBytes });
    if (!(await isInMap(entry, volume, getPage))) throw new FrameOutOfPlace('not what the map of the volume says', { volume: frame.volume, offsetBytes: entry.offsetBytes });
    chunkBytes += entry.lengthBytes;
  }
  if (chunkBytes === 0 || chunkBytes !== frame.plainLengthBytes) throw new FrameInvalid('chunks do not add up to the payload');
}

async function isInMap(entry: MapEntry & { kind: 'data' }, { mapRoot, lengthBytes }: EndedVolume, getPage: PageSource): Promise<boolean> {
  if (entry.offsetBytes + entry.lengthBytes > lengthBytes) return false;
  for await (const known of walkMap({ root: mapRoot, lengthBytes, getPage }, entry)) {
    return known.kind === 'data' && known.digest === entry.digest && known.offsetBytes === entry.offsetBytes && known.lengthBytes === entry.lengthBytes;
  }
  return false;
}
