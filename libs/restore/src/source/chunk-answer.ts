import { endOf, MIB, type DigestOf, type Extent } from '@lifeboat/model';
import { expand, StoredBytesInvalid } from '@lifeboat/codec';
import type { BatchFrame } from '@lifeboat/protocol';
import type { ReadAnswer } from './read-channel.js';
import type { DataEntry, KnownEntry, RestoredRun } from './volume-source.js';

const questionBytesMax = 4 * MIB;
const questionChunksMax = 4096;

/** A group of chunks that are fetched with one read; `range` spans from the first to the last and may contain runs. */
export type ChunkQuestion = Readonly<{ range: Extent; chunks: readonly DataEntry[] }>;

/**
 * Groups the chunks of a map so that one answer stays within 4 MiB. Pure.
 * @param gapBytesMax a group ends where the next chunk is further away: an answer holds every chunk of its range, wanted or not.
 */
export function planChunkQuestions(entries: readonly KnownEntry[], gapBytesMax = Number.POSITIVE_INFINITY): ChunkQuestion[] {
  const groups: DataEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (entry.kind !== 'data') continue;
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group && before && entry.offsetBytes - endOf(before) <= gapBytesMax && bytes + entry.lengthBytes <= questionBytesMax && group.length < questionChunksMax) group.push(entry);
    else {
      groups.push([entry]);
      bytes = 0;
    }
    bytes += entry.lengthBytes;
  }
  return groups.map((chunks) => {
    const offsetBytes = chunks[0]?.offsetBytes ?? 0;
    const last = chunks.at(-1);
    return { chunks, range: { offsetBytes, lengthBytes: (last ? endOf(last) : offsetBytes) - offsetBytes } };
  });
}

/**
 * The runs an answer gives for the chunks that were asked for: `data` where bytes arrived and have the digest the map names, `damaged` elsewhere.
 * Neighbouring chunks of one batch come as one run. Never throws for what the server sent: the map says what the bytes must be.
 */
export function runsOfAnswer(question: ChunkQuestion, answer: ReadAnswer, digestOf: DigestOf): RestoredRun[] {
  const found = chunksOfAnswer(question, answer, digestOf);
  const runs = question.chunks.map(({ offsetBytes, lengthBytes }): RestoredRun => {
    const bytes = found.get(offsetBytes);
    return bytes ? { kind: 'data', offsetBytes, lengthBytes, bytes } : { kind: 'damaged', offsetBytes, lengthBytes };
  });
  return joinNeighbours(runs);
}

/** The bytes of the chunks that were asked for, by offset: those that arrived with the length and digest the map names. Views of the expanded batches. */
export function chunksOfAnswer(question: ChunkQuestion, answer: ReadAnswer, digestOf: DigestOf): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const wanted = new Map(question.chunks.map((chunk) => [chunk.offsetBytes, chunk]));
  for (const batch of answer.batches) {
    for (const { chunk, bytes } of chunksOfBatch(batch)) {
      const want = wanted.get(chunk.offsetBytes);
      if (want?.lengthBytes === chunk.lengthBytes && digestOf(bytes) === want.digest) found.set(chunk.offsetBytes, bytes);
    }
  }
  return found;
}

function chunksOfBatch(batch: BatchFrame): { chunk: Extent; bytes: Uint8Array }[] {
  if (batch.plainLengthBytes === 0) return [];
  const plain = expandOrNothing(batch);
  const chunks: { chunk: Extent; bytes: Uint8Array }[] = [];
  let at = 0;
  for (const entry of batch.entries) {
    if (entry.kind !== 'data' || !plain) continue;
    chunks.push({ chunk: entry, bytes: plain.subarray(at, at + entry.lengthBytes) });
    at += entry.lengthBytes;
  }
  return chunks;
}

/** Bytes that do not expand are as lost as bytes with a wrong digest: their chunks are reported as damaged, the rest goes on. */
function expandOrNothing(batch: BatchFrame): Uint8Array | null {
  try {
    return expand(batch.codec, batch.payload, batch.plainLengthBytes);
  } catch (error) {
    if (error instanceof StoredBytesInvalid) return null;
    throw error;
  }
}

/** Joins runs that lie next to each other on the volume and in memory, so that they are written with one call. */
function joinNeighbours(runs: readonly RestoredRun[]): RestoredRun[] {
  const joined: RestoredRun[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (!last || endOf(last) !== run.offsetBytes || last.kind !== run.kind) joined.push(run);
    else if (last.kind !== 'data' || run.kind !== 'data') joined[joined.length - 1] = { ...last, lengthBytes: last.lengthBytes + run.lengthBytes };
    else if (last.bytes.buffer === run.bytes.buffer && last.bytes.byteOffset + last.bytes.length === run.bytes.byteOffset) {
      const bytes = new Uint8Array(last.bytes.buffer, last.bytes.byteOffset, last.bytes.length + run.bytes.length);
      joined[joined.length - 1] = { kind: 'data', offsetBytes: last.offsetBytes, lengthBytes: bytes.length, bytes };
    } else joined.push(run);
  }
  return joined;
}
