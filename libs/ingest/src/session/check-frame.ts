import { expand } from '@lifeboat/codec';
import { endOf, type Digest, type DigestOf } from '@lifeboat/model';
import { batchEntriesMax, FrameInvalid, segmentBytesMax, type BatchFrame } from '@lifeboat/protocol';
import { ChunkDigestMismatch, FrameOutOfPlace } from '../errors.js';

type Chunk = Readonly<{ digest: Digest; lengthBytes: number }>;

/** Where a volume stands, as far as a frame's place depends on it. */
export type VolumePlace = Readonly<{ lengthBytes: number; coveredBytes: number; ended: boolean }>;

/**
 * Checks that a batch continues its volume: right after what is covered, without gaps, inside the volume.
 * @throws FrameOutOfPlace (FRAME_OUT_OF_PLACE), FrameInvalid (FRAME_INVALID) chunks without their bytes.
 */
export function assertBatchInPlace(frame: BatchFrame, place: VolumePlace | undefined): asserts place is VolumePlace {
  const { volume } = frame;
  if (!place) throw new FrameOutOfPlace('there is no such volume in this session', { volume });
  if (place.ended) throw new FrameOutOfPlace('the volume has ended', { volume });
  if (frame.entries.length === 0 || frame.entries.length > batchEntriesMax || frame.plainLengthBytes > segmentBytesMax) throw new FrameInvalid('batch limits');
  let expectedBytes = place.coveredBytes;
  let chunkBytes = 0;
  for (const entry of frame.entries) {
    if (entry.offsetBytes !== expectedBytes) throw new FrameOutOfPlace('a gap or an overlap', { volume, offsetBytes: entry.offsetBytes, expectedBytes });
    expectedBytes = endOf(entry);
    if (entry.lengthBytes < 1 || expectedBytes > place.lengthBytes) throw new FrameOutOfPlace('beyond the end of the volume', { volume, offsetBytes: entry.offsetBytes, expectedBytes: place.lengthBytes });
    if (entry.kind === 'data') chunkBytes += entry.lengthBytes;
  }
  if (chunkBytes !== frame.plainLengthBytes) throw new FrameInvalid('chunks do not add up to the payload');
}

/**
 * Expands a batch's payload and compares every chunk with its digest.
 * @returns the plain bytes and the chunks in order; undefined when the batch carries none.
 * @throws StoredBytesInvalid (STORED_BYTES_INVALID), ChunkDigestMismatch (CHUNK_DIGEST_MISMATCH).
 */
export function verifyChunks(frame: BatchFrame, digestOf: DigestOf): Readonly<{ plain: Uint8Array; chunks: readonly Chunk[] }> | undefined {
  if (frame.plainLengthBytes === 0) return undefined;
  const plain = expand(frame.codec, frame.payload, frame.plainLengthBytes);
  const chunks: Chunk[] = [];
  let at = 0;
  for (const entry of frame.entries) {
    if (entry.kind !== 'data') continue;
    const actual = digestOf(plain.subarray(at, at + entry.lengthBytes));
    if (actual !== entry.digest) throw new ChunkDigestMismatch({ volume: frame.volume, offsetBytes: entry.offsetBytes, expected: entry.digest, actual });
    chunks.push({ digest: entry.digest, lengthBytes: entry.lengthBytes });
    at += entry.lengthBytes;
  }
  return { plain, chunks };
}
