import { endOf, type Extent } from '@lifeboat/model';
import type { DiskImage, ImageRun } from '../image/disk-image.js';
import { NbdReplyBroken } from './nbd-errors.js';
import { nbdError, pieceBytesMax } from './nbd-protocol.js';
import { dataChunkHead, doneChunk, errorChunk, holeChunk, simpleReply, type ReplySender } from './reply-sender.js';

const zeros = Buffer.alloc(64 * 1024);

/** A read to answer; its range lies in the image and is at most the longest payload. */
export type ReadToAnswer = Readonly<{ image: DiskImage; cookie: Buffer; range: Extent; sender: ReplySender }>;

/**
 * Answers a read with chunks of data, holes and, at the exact offset of a lost byte, an error, which ends the reply (proto.md, NBD_CMD_READ,
 * "Structured replies"). Piece by piece, so that a long read takes no more memory than a short one.
 */
export async function answerStructured({ image, cookie, range, sender }: ReadToAnswer): Promise<void> {
  if (range.lengthBytes === 0) await sender.send([doneChunk(cookie)]);
  for (const piece of piecesOf(range)) {
    const groups = groupRuns(await image.readRuns(piece));
    for (const [index, group] of groups.entries()) {
      const first = group[0];
      if (!first) continue;
      const lengthBytes = group.reduce((sum, run) => sum + run.lengthBytes, 0);
      const done = index === groups.length - 1 && endOf(piece) === endOf(range);
      if (first.kind === 'lost') {
        await sender.send([errorChunk(cookie, nbdError.io, { message: `${first.reason} in the restore point`, offsetBytes: first.offsetBytes })]);
        return;
      }
      if (first.kind === 'zero') await sender.send([holeChunk({ cookie, done }, first.offsetBytes, lengthBytes)]);
      else await sender.send([dataChunkHead({ cookie, done }, first.offsetBytes, lengthBytes), ...group.flatMap(bytesOf)]);
    }
  }
}

/** Answers a read of at most one piece with one chunk of data, zeros written out (proto.md, NBD_CMD_FLAG_DF). */
export async function answerUnfragmented({ image, cookie, range, sender }: ReadToAnswer): Promise<void> {
  if (range.lengthBytes === 0) return sender.send([doneChunk(cookie)]);
  const runs = await image.readRuns(range);
  const lost = runs.find((run) => run.kind === 'lost');
  if (lost) return sender.send([errorChunk(cookie, nbdError.io, { offsetBytes: lost.offsetBytes })]);
  return sender.send([dataChunkHead({ cookie, done: true }, range.offsetBytes, range.lengthBytes), ...runs.flatMap(bytesOf)]);
}

/**
 * Answers a read with a simple reply. Once its header says success, the only way to report an error is to hang up (proto.md, NBD_CMD_READ, "Simple
 * replies"), so a read of several pieces is first checked from end to end, and then sent.
 */
export async function answerSimple({ image, cookie, range, sender }: ReadToAnswer): Promise<void> {
  const pieces = [...piecesOf(range)];
  let last: ImageRun[] = [];
  for (const piece of pieces) {
    last = await image.readRuns(piece);
    if (last.some((run) => run.kind === 'lost')) return sender.send([simpleReply(cookie, nbdError.io)]);
  }
  const header = simpleReply(cookie, 0);
  if (pieces.length <= 1) return sender.send([header, ...last.flatMap(bytesOf)]);
  return sender.sendLong(streamPieces(image, header, pieces));
}

async function* streamPieces(image: DiskImage, header: Buffer, pieces: readonly Extent[]): AsyncGenerator<readonly Uint8Array[]> {
  yield [header];
  for (const piece of pieces) {
    const runs = await image.readRuns(piece);
    const lost = runs.find((run) => run.kind === 'lost');
    if (lost) throw new NbdReplyBroken({ offsetBytes: lost.offsetBytes, lengthBytes: lost.lengthBytes });
    yield runs.flatMap(bytesOf);
  }
}

function* piecesOf(range: Extent): Generator<Extent> {
  for (let at = range.offsetBytes; at < endOf(range); at += pieceBytesMax) yield { offsetBytes: at, lengthBytes: Math.min(pieceBytesMax, endOf(range) - at) };
}

/** Neighbouring runs of one kind together; lost ones stay alone. */
function groupRuns(runs: readonly ImageRun[]): ImageRun[][] {
  const groups: ImageRun[][] = [];
  for (const run of runs) {
    const group = groups.at(-1);
    if (group?.[0]?.kind === run.kind && run.kind !== 'lost') group.push(run);
    else groups.push([run]);
  }
  return groups;
}

function bytesOf(run: ImageRun): Uint8Array[] {
  if (run.kind === 'data') return [run.bytes];
  const parts: Uint8Array[] = [];
  for (let left = run.lengthBytes; left > 0; left -= zeros.length) parts.push(zeros.subarray(0, Math.min(left, zeros.length)));
  return parts;
}
