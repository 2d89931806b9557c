import type { Duplex } from 'node:stream';
import { MIB } from '@lifeboat/model';
import { NbdClientInvalid } from './nbd-errors.js';
import { allocationContext, NBD, replyDone, replyType, type NbdError } from './nbd-protocol.js';

/** More than this in the socket's queue makes the next reply wait. */
const queuedBytesMax = 2 * MIB;

/** Sends replies whole and in turn, at the pace of the peer. */
export class ReplySender {
  private tail: Promise<void> = Promise.resolve();

  /** @param stallMs a peer that takes nothing for so long while replies wait is given up. */
  constructor(
    private readonly socket: Duplex,
    private readonly stallMs: number,
  ) {}

  /** Sends one message. Resolves when the peer took enough of what was sent before. @throws NbdClientInvalid (NBD_CLIENT_INVALID) it is gone. */
  send(parts: readonly Uint8Array[]): Promise<void> {
    return this.inTurn(() => this.write(parts));
  }

  /** Sends a message of many parts that nothing may come between; when `parts` fails in the middle, the connection is closed: nothing else can be said. */
  sendLong(parts: AsyncIterable<readonly Uint8Array[]>): Promise<void> {
    return this.inTurn(async () => {
      try {
        for await (const part of parts) await this.write(part);
      } catch (error) {
        this.socket.destroy();
        throw error;
      }
    });
  }

  private inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.tail.then(task);
    // The next in line has its own message to send; a lost peer shows there too.
    this.tail = turn.catch(() => undefined);
    return turn;
  }

  private async write(parts: readonly Uint8Array[]): Promise<void> {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) throw new NbdClientInvalid('the client is gone');
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
    if (socket.writableLength > queuedBytesMax) await this.drained();
  }

  private drained(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => (): void => {
        clearTimeout(timer);
        socket.off('drain', onDrain).off('close', onClose);
        finish();
      };
      const onDrain = done(resolve);
      const onClose = done(() => { reject(new NbdClientInvalid('the client is gone')); });
      const timer = setTimeout(() => { socket.destroy(); }, this.stallMs);
      socket.on('drain', onDrain).on('close', onClose);
      if (socket.destroyed) onClose();
    });
  }
}

/** Header of a simple reply (proto.md, "Simple reply message"); the data of a read follows. */
export function simpleReply(cookie: Buffer, error: NbdError | 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(NBD.simpleReplyMagic, 0);
  bytes.writeUInt32BE(error, 4);
  cookie.copy(bytes, 8);
  return bytes;
}

type Chunk = Readonly<{ cookie: Buffer; done: boolean; type: number; payloadBytes: number }>;

/** Header of a chunk (proto.md, "Structured reply chunk message") with room for `headBytes` of its payload behind it. */
function chunkHead({ cookie, done, type, payloadBytes }: Chunk, headBytes: number): Buffer {
  const bytes = Buffer.alloc(20 + headBytes);
  bytes.writeUInt32BE(NBD.structuredReplyMagic, 0);
  bytes.writeUInt16BE(done ? replyDone : 0, 4);
  bytes.writeUInt16BE(type, 6);
  cookie.copy(bytes, 8);
  bytes.writeUInt32BE(payloadBytes, 16);
  return bytes;
}

type Reply = Readonly<{ cookie: Buffer; done: boolean }>;

/** NBD_REPLY_TYPE_NONE: the end of a reply that had nothing more to say. */
export const doneChunk = (cookie: Buffer): Buffer => chunkHead({ cookie, done: true, type: replyType.none, payloadBytes: 0 }, 0);

/** Head of NBD_REPLY_TYPE_OFFSET_DATA; `lengthBytes` of data follow. */
export function dataChunkHead(reply: Reply, offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = chunkHead({ ...reply, type: replyType.offsetData, payloadBytes: 8 + lengthBytes }, 8);
  bytes.writeBigUInt64BE(BigInt(offsetBytes), 20);
  return bytes;
}

/** NBD_REPLY_TYPE_OFFSET_HOLE. */
export function holeChunk(reply: Reply, offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = chunkHead({ ...reply, type: replyType.offsetHole, payloadBytes: 12 }, 12);
  bytes.writeBigUInt64BE(BigInt(offsetBytes), 20);
  bytes.writeUInt32BE(lengthBytes, 28);
  return bytes;
}

/** NBD_REPLY_TYPE_ERROR, or with an offset NBD_REPLY_TYPE_ERROR_OFFSET; ends its reply. */
export function errorChunk(cookie: Buffer, error: NbdError, at: Readonly<{ message?: string; offsetBytes?: number }> = {}): Buffer {
  const message = Buffer.from(at.message ?? '');
  const hasOffset = at.offsetBytes !== undefined;
  const payloadBytes = 6 + message.length + (hasOffset ? 8 : 0);
  const bytes = chunkHead({ cookie, done: true, type: hasOffset ? replyType.errorOffset : replyType.error, payloadBytes }, payloadBytes);
  bytes.writeUInt32BE(error, 20);
  bytes.writeUInt16BE(message.length, 24);
  message.copy(bytes, 26);
  if (at.offsetBytes !== undefined) bytes.writeBigUInt64BE(BigInt(at.offsetBytes), 26 + message.length);
  return bytes;
}

/** NBD_REPLY_TYPE_BLOCK_STATUS of the allocation context, as the whole reply. */
export function blockStatusChunk(cookie: Buffer, runs: readonly Readonly<{ lengthBytes: number; state: number }>[]): Buffer {
  const payloadBytes = 4 + runs.length * 8;
  const bytes = chunkHead({ cookie, done: true, type: replyType.blockStatus, payloadBytes }, payloadBytes);
  bytes.writeUInt32BE(allocationContext.id, 20);
  runs.forEach(({ lengthBytes, state }, index) => {
    bytes.writeUInt32BE(lengthBytes, 24 + index * 8);
    bytes.writeUInt32BE(state, 28 + index * 8);
  });
  return bytes;
}
