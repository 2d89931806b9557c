import { decodeFrame, FRAME_HEADER_BYTES, encodeFrame, initialCreditBytes, type Frame, type ReadFrame } from '@lifeboat/protocol';
import { WebSocket } from 'ws';
import { answerRead } from './answer-read.js';
import { failAndClose } from './data-socket.js';
import { ReadCredit } from './read-credit.js';
import type { ReadSource } from './read-source.js';
import { FrameUnexpected } from './ticket-errors.js';

/** Reads a peer may have open at a time. */
const readsMax = 64;

export type ReadTransferPorts = Readonly<{
  source: ReadSource;
  /** Called once when the transfer ended by an error. */
  onFailed: (error: unknown) => void;
}>;

/** The answering side of one reading data connection: restores, and base maps for agents that lost theirs. */
export class ReadTransfer {
  private readonly reads: ReadFrame[] = [];
  private readonly credit = new ReadCredit(initialCreditBytes);
  private answering = false;
  private ended = false;

  constructor(
    private readonly socket: WebSocket,
    private readonly ports: ReadTransferPorts,
  ) {
    socket.on('message', (message: Buffer) => { this.receive(message); });
    socket.on('close', () => {
      this.ended = true;
      this.credit.close();
    });
    // The close event follows and does what is needed.
    socket.on('error', () => undefined);
  }

  /** Tells the peer why and closes. */
  async end(reason: unknown): Promise<void> {
    this.ended = true;
    this.credit.close();
    await failAndClose(this.socket, reason);
  }

  private receive(message: Buffer): void {
    if (this.ended) return;
    try {
      const frame = decodeFrame(message);
      if (frame.type === 'credit') this.credit.grant(frame.creditBytes);
      else if (frame.type !== 'read') throw new FrameUnexpected(`a ${frame.type} frame from a reader`);
      else if (this.reads.push(frame) > readsMax) throw new FrameUnexpected('too many reads at a time');
      else if (!this.answering) void this.answerAll();
    } catch (error) {
      void this.failed(error);
    }
  }

  private async answerAll(): Promise<void> {
    this.answering = true;
    try {
      for (let read = this.reads.shift(); read && !this.ended; read = this.reads.shift()) await this.answer(read);
    } catch (error) {
      await this.failed(error);
    } finally {
      this.answering = false;
    }
  }

  private async answer(read: ReadFrame): Promise<void> {
    let damagedBytes = 0;
    for await (const part of answerRead(this.ports.source, read)) {
      if ('damagedBytes' in part) damagedBytes += part.damagedBytes;
      else if (!(await this.send(part.batch))) return;
    }
    await this.send({ type: 'read-end', seq: read.seq, volume: read.volume, damagedBytes });
  }

  /** Every frame of an answer costs its length in credit. @returns false when the connection ended. */
  private async send(frame: Frame): Promise<boolean> {
    const bytes = encodeFrame(frame);
    if (!(await this.credit.spend(Math.max(bytes.length, FRAME_HEADER_BYTES))) || this.socket.readyState !== WebSocket.OPEN) return false;
    await new Promise<void>((resolve) => { this.socket.send(bytes, () => { resolve(); }); });
    return true;
  }

  private async failed(error: unknown): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.credit.close();
    this.ports.onFailed(error);
    await failAndClose(this.socket, error);
  }
}
