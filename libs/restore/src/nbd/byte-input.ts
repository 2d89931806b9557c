import type { Duplex } from 'node:stream';
import { NbdClientInvalid } from './nbd-errors.js';

const skipBytesMax = 64 * 1024;

/** Takes exact numbers of bytes from a socket. Unread bytes stay in the socket's own small buffer, so that the peer's pace is the reader's. One take at a time. */
export class ByteInput {
  private ended = false;
  private wake: (() => void) | null = null;

  constructor(private readonly socket: Duplex) {
    const notice = (): void => { this.wake?.(); };
    const end = (): void => {
      this.ended = true;
      notice();
    };
    socket.on('readable', notice).on('end', end).on('close', end).on('error', end);
  }

  /**
   * The next `count` bytes, at most 64 KiB.
   * @throws NbdClientInvalid (NBD_CLIENT_INVALID) the peer went away before; null when it ended exactly here and `mayEnd`.
   */
  async take(count: number): Promise<Buffer>;
  async take(count: number, mayEnd: true): Promise<Buffer | null>;
  async take(count: number, mayEnd = false): Promise<Buffer | null> {
    if (count === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = this.socket.read(count) as Buffer | null;
      if (bytes?.length === count) return bytes;
      if (bytes || this.ended || this.socket.destroyed) {
        if (mayEnd && !bytes) return null;
        throw new NbdClientInvalid('the connection ended in the middle of a message');
      }
      await new Promise<void>((resolve) => { this.wake = resolve; });
      this.wake = null;
    }
  }

  /** Reads over `count` bytes without keeping them. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; left -= skipBytesMax) await this.take(Math.min(left, skipBytesMax));
  }
}
