import { createConnection, type Socket } from 'node:net';
import { KIB, MIB } from '@lifeboat/model';

/** Kept of a guest's output: the beginning, where boot loaders and panics speak, and the end. A guest may print for ever. */
const headBytesMax = 2 * MIB;
const tailBytesMax = 512 * KIB;

/** What a guest writes to its serial port, bounded; and a way to type at it. */
export class SerialLog {
  private head = Buffer.alloc(0);
  private tail = Buffer.alloc(0);
  private total = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => { this.add(bytes); });
    // The guest's end is seen by whoever watches QEMU itself.
    socket.on('error', () => undefined);
  }

  static connect(path: string): SerialLog {
    return new SerialLog(createConnection(path));
  }

  /** Bytes written in all, kept or not. */
  get totalBytes(): number {
    return this.total;
  }

  /** Everything that is kept, a cut marked; bytes that are no text come as replacement characters. */
  get text(): string {
    const cut = this.total - this.head.length - this.tail.length;
    return `${this.head.toString('utf8')}${cut > 0 ? `\n[… ${String(cut)} bytes left out …]\n` : ''}${this.tail.toString('utf8')}`;
  }

  /** Types text at the guest. */
  type(text: string): void {
    this.socket.write(text);
  }

  close(): void {
    this.socket.destroy();
  }

  private add(bytes: Buffer): void {
    this.total += bytes.length;
    const toHead = Math.min(bytes.length, headBytesMax - this.head.length);
    if (toHead > 0) this.head = Buffer.concat([this.head, bytes.subarray(0, toHead)]);
    const rest = bytes.subarray(Math.max(0, toHead));
    if (rest.length > 0) this.tail = Buffer.concat([this.tail, rest]).subarray(-tailBytesMax);
  }
}
