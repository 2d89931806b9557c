import { MIB } from '@lifeboat/model';
import type { BackupSession } from '@lifeboat/ingest';
import { decodeFrame, frameBytesMax, initialCreditBytes } from '@lifeboat/protocol';
import type { WebSocket } from 'ws';
import { failAndClose, sendFrame } from './data-socket.js';
import { FrameUnexpected } from './ticket-errors.js';

/** A group is made durable after half the window, so that the agent fills the other half meanwhile. */
const groupBytes = 8 * MIB;
/** And at the latest this long after its first frame. */
const groupMs = 250;
/** More than an honest agent can have under way; beyond it the socket is not read. */
const queueBytesMax = initialCreditBytes + frameBytesMax;

export type BackupTransferPorts = Readonly<{
  session: BackupSession;
  /** Called before each frame; throws when the store must not grow. */
  assertRoom: () => Promise<void>;
  /** Called after each group that became durable, before it is acknowledged. Never rejects. */
  onDurable: () => Promise<void>;
  /** Called once when the transfer ended by an error, before the peer is told. Never rejects. */
  onFailed: (error: unknown) => Promise<void>;
}>;

/**
 * The receiving side of one data connection of a backup session. Frames are taken in order; every group is made durable before it is
 * acknowledged, and only then its bytes are granted anew.
 */
export class BackupTransfer {
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private groupedBytes = 0;
  private pumping = false;
  private ended = false;
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<void> = Promise.resolve();
  private idle: (() => void)[] = [];

  constructor(
    private readonly socket: WebSocket,
    private readonly ports: BackupTransferPorts,
  ) {
    socket.on('message', (message: Buffer) => { this.receive(message); });
    socket.on('close', () => { void this.stop(); });
    // The close event follows and does what is needed.
    socket.on('error', () => undefined);
  }

  /** Takes no more, makes durable what was taken, tells the peer why, closes. Never rejects. */
  async end(reason: unknown): Promise<void> {
    await this.stop();
    await failAndClose(this.socket, reason);
  }

  private receive(message: Buffer): void {
    if (this.ended) return;
    this.queue.push(message);
    this.queuedBytes += message.length;
    if (this.queuedBytes > queueBytesMax) this.socket.pause();
    if (!this.pumping) void this.pump();
  }

  private async pump(): Promise<void> {
    this.pumping = true;
    try {
      for (let message = this.queue.shift(); message !== undefined && !this.ended; message = this.queue.shift()) {
        await this.take(message);
        this.queuedBytes -= message.length;
        if (this.socket.isPaused && this.queuedBytes < queueBytesMax / 2) this.socket.resume();
      }
    } catch (error) {
      await this.failed(error);
    } finally {
      this.pumping = false;
      for (const wake of this.idle.splice(0)) wake();
    }
  }

  private async take(message: Buffer): Promise<void> {
    const frame = decodeFrame(message);
    if (frame.type !== 'batch' && frame.type !== 'volume-end') throw new FrameUnexpected(`a ${frame.type} frame from the sender of a backup`);
    await this.ports.assertRoom();
    await this.ports.session.accept(frame);
    this.groupedBytes += message.length;
    if (frame.type === 'volume-end' || this.groupedBytes >= groupBytes) this.commitSoon();
    else this.timer ??= setTimeout(() => { this.commitSoon(); }, groupMs);
  }

  /** Starts a group commit after the one under way. Frames go on being taken meanwhile; they belong to the next group. */
  private commitSoon(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.committing = this.committing.then(() => this.commit()).catch((error: unknown) => this.failed(error));
  }

  private async commit(): Promise<void> {
    const creditBytes = this.groupedBytes;
    if (creditBytes === 0) return;
    this.groupedBytes = 0;
    const { durableSeq } = await this.ports.session.commitGroup();
    await this.ports.onDurable();
    await sendFrame(this.socket, { type: 'ack', durableSeq, creditBytes });
  }

  /** Stops taking frames and waits for what is under way. */
  private async stop(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    if (this.pumping) await new Promise<void>((resolve) => { this.idle.push(resolve); });
    this.commitSoon();
    await this.committing;
    this.queue.length = 0;
  }

  private async failed(error: unknown): Promise<void> {
    // After the end nothing is acknowledged any more, so whatever failed is sent again on the next connection.
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.queue.length = 0;
    await this.ports.onFailed(error);
    await failAndClose(this.socket, error);
  }
}
