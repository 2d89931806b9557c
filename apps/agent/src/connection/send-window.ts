import { assertInvariant } from '@lifeboat/model';

/** A frame on its way: kept until it is durable on the server. */
export type SentFrame = Readonly<{ seq: number; bytes: Uint8Array }>;

/**
 * The sender's half of the flow control, without any I/O. Frames wait here until there is credit, and stay after they were sent until the
 * server says they are durable; after a lost connection everything that is not goes out again.
 */
export class SendWindow {
  private readonly frames: SentFrame[] = [];
  private sentCount = 0;
  private heldBytes = 0;
  private durable = 0;

  constructor(private creditBytes: number) {}

  /** Bytes held: not yet durable, sent or not. */
  get unacknowledgedBytes(): number {
    return this.heldBytes;
  }

  /** True when every frame held has been sent on this connection. */
  get isAllSent(): boolean {
    return this.sentCount === this.frames.length;
  }

  get durableSeq(): number {
    return this.durable;
  }

  /** Adds the next frame; sequence numbers grow by one. */
  push(frame: SentFrame): void {
    const last = this.frames.at(-1)?.seq ?? this.durable;
    assertInvariant(frame.seq === last + 1, 'frames are numbered without gap', { expected: last + 1, actual: frame.seq });
    this.frames.push(frame);
    this.heldBytes += frame.bytes.length;
  }

  /** The next frame that may go out now, or undefined when there is none or no credit for it. */
  takeSendable(): SentFrame | undefined {
    const next = this.frames[this.sentCount];
    if (!next || next.bytes.length > this.creditBytes) return undefined;
    this.creditBytes -= next.bytes.length;
    this.sentCount += 1;
    return next;
  }

  /** The server has everything up to `durableSeq` for good and grants more bytes. An old or foreign number changes nothing but the credit. */
  acknowledge(durableSeq: number, creditBytes: number): void {
    this.creditBytes += creditBytes;
    this.dropThrough(durableSeq);
  }

  /** A new connection: the credit starts anew and everything that is not durable is sent again. */
  restart(durableSeq: number, creditBytes: number): void {
    this.dropThrough(durableSeq);
    this.sentCount = 0;
    this.creditBytes = creditBytes;
  }

  private dropThrough(durableSeq: number): void {
    let count = 0;
    for (const frame of this.frames) {
      if (frame.seq > durableSeq) break;
      this.heldBytes -= frame.bytes.length;
      count += 1;
    }
    this.frames.splice(0, count);
    this.sentCount = Math.max(0, this.sentCount - count);
    this.durable = Math.max(this.durable, Math.min(durableSeq, this.frames[0] ? this.frames[0].seq - 1 : durableSeq));
  }
}
