import { compressChunk } from '@lifeboat/codec';
import { endOf, type Extent, type MapEntry } from '@lifeboat/model';
import { batchEntriesMax, segmentBytesMax, type BatchFrame, type ReadFrame } from '@lifeboat/protocol';
import type { ReadableEntry, ReadSource } from './read-source.js';
import { FrameUnexpected } from './ticket-errors.js';

/** Pieces of an answer: batches, and how many bytes of it are damaged. */
export type AnswerPart = Readonly<{ batch: BatchFrame }> | Readonly<{ damagedBytes: number }>;

type Group = { entries: MapEntry[]; plain: Uint8Array[]; plainBytes: number };

/**
 * Answers one read: the map entries of the range, runs cut to it and chunks whole, with the bytes of the chunks unless `mapOnly`. What
 * is damaged comes as `unreadable` and is counted.
 *
 * @throws FrameUnexpected (FRAME_UNEXPECTED) no such volume or range, or bytes asked of a source of maps.
 */
export async function* answerRead(source: ReadSource, read: ReadFrame): AsyncGenerator<AnswerPart> {
  const range = assertReadable(source, read);
  let group = emptyGroup();
  for await (const entry of source.entries(read.volume, range)) {
    const piece = await pieceOf(source, entry, { range, mapOnly: read.mapOnly });
    if (piece.damagedBytes > 0) yield { damagedBytes: piece.damagedBytes };
    if (group.entries.length === batchEntriesMax || group.plainBytes + piece.plain.length > segmentBytesMax) {
      yield { batch: batchOf(read, group) };
      group = emptyGroup();
    }
    group.entries.push(piece.entry);
    if (piece.plain.length > 0) group.plain.push(piece.plain);
    group.plainBytes += piece.plain.length;
  }
  if (group.entries.length > 0) yield { batch: batchOf(read, group) };
}

function assertReadable(source: ReadSource, read: ReadFrame): Extent {
  const volumeBytes = source.volumeLengths[read.volume];
  if (volumeBytes === undefined) throw new FrameUnexpected('no such volume');
  if (read.offsetBytes + read.lengthBytes > volumeBytes) throw new FrameUnexpected('a range beyond the volume');
  if (!read.mapOnly && source.readChunk === null) throw new FrameUnexpected('bytes of a base map');
  return { offsetBytes: read.offsetBytes, lengthBytes: read.lengthBytes };
}

async function pieceOf(
  source: ReadSource, entry: ReadableEntry, asked: Readonly<{ range: Extent; mapOnly: boolean }>,
): Promise<Readonly<{ entry: MapEntry; plain: Uint8Array; damagedBytes: number }>> {
  if (entry.kind === 'damaged') {
    const cut = cutToRange(entry, asked.range);
    return { entry: { kind: 'unreadable', ...cut }, plain: none, damagedBytes: cut.lengthBytes };
  }
  if (entry.kind !== 'data') return { entry: { kind: entry.kind, ...cutToRange(entry, asked.range) }, plain: none, damagedBytes: 0 };
  if (asked.mapOnly || source.readChunk === null) return { entry, plain: none, damagedBytes: 0 };
  const plain = await source.readChunk(entry.digest);
  if (plain?.length === entry.lengthBytes) return { entry, plain, damagedBytes: 0 };
  const { offsetBytes, lengthBytes } = entry;
  return { entry: { kind: 'unreadable', offsetBytes, lengthBytes }, plain: none, damagedBytes: lengthBytes };
}

function batchOf(read: ReadFrame, group: Group): BatchFrame {
  const head = { type: 'batch', seq: read.seq, volume: read.volume, entries: group.entries } as const;
  if (group.plainBytes === 0) return { ...head, codec: 'raw', plainLengthBytes: 0, payload: none };
  const { codec, bytes } = compressChunk(Buffer.concat(group.plain, group.plainBytes));
  return { ...head, codec, plainLengthBytes: group.plainBytes, payload: bytes };
}

function cutToRange(entry: Extent, range: Extent): Extent {
  const offsetBytes = Math.max(entry.offsetBytes, range.offsetBytes);
  return { offsetBytes, lengthBytes: Math.min(endOf(entry), endOf(range)) - offsetBytes };
}

const emptyGroup = (): Group => ({ entries: [], plain: [], plainBytes: 0 });
const none = new Uint8Array(0);
