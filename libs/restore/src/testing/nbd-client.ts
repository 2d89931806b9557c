import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ByteInput } from '../nbd/byte-input.js';
import { command, NBD, option } from '../nbd/nbd-protocol.js';

/** One message of the server in the transmission phase, as it came. */
export type NbdReply =
  | Readonly<{ kind: 'simple'; cookie: bigint; error: number; data: Buffer }>
  | Readonly<{ kind: 'chunk'; cookie: bigint; flags: number; type: number; payload: Buffer }>;

export type OptionAnswer = Readonly<{ option: number; type: number; data: Buffer }>;

/** A client of NBD that sends exactly the bytes it is told and hands out what comes back, for tests and measurements. Not a client to use data with. */
export class NbdClient {
  readonly input: ByteInput;
  private nextCookie = 1n;
  /** Lengths of reads under way, for simple replies, which do not say. */
  private readonly readLengths = new Map<bigint, number>();

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    this.input = new ByteInput(socket);
  }

  static async connect(to: Readonly<{ path: string }> | Readonly<{ host: string; port: number }>): Promise<NbdClient> {
    const socket = connect(to);
    await once(socket, 'connect');
    return new NbdClient(socket);
  }

  /** Takes the server's greeting and answers with client flags. @returns the handshake flags. */
  async greet(clientFlags = 3): Promise<number> {
    const hello = await this.input.take(18);
    const flags = Buffer.alloc(4);
    flags.writeUInt32BE(clientFlags);
    this.socket.write(flags);
    return hello.readUInt16BE(16);
  }

  sendOption(type: number, data: Uint8Array = Buffer.alloc(0)): void {
    const header = Buffer.alloc(16);
    header.writeBigUInt64BE(NBD.optionMagic, 0);
    header.writeUInt32BE(type, 8);
    header.writeUInt32BE(data.length, 12);
    this.socket.write(Buffer.concat([header, data]));
  }

  async takeOptionAnswer(): Promise<OptionAnswer> {
    const header = await this.input.take(20);
    return { option: header.readUInt32BE(8), type: header.readUInt32BE(12), data: await this.input.take(header.readUInt32BE(16)) };
  }

  /** Sends an option and takes answers up to the acknowledgement or the error. */
  async ask(type: number, data?: Uint8Array): Promise<OptionAnswer[]> {
    this.sendOption(type, data);
    const answers: OptionAnswer[] = [];
    for (;;) {
      const answer = await this.takeOptionAnswer();
      answers.push(answer);
      if (answer.type === 1 || answer.type >= 0x80000000) return answers;
    }
  }

  /** Greets and goes, with structured replies and `base:allocation` unless told otherwise. */
  async go(exportName = '', structured = true): Promise<void> {
    await this.greet();
    if (structured) {
      await this.ask(option.structuredReply);
      await this.ask(option.setMetaContext, metaQuery(exportName, ['base:allocation']));
    }
    await this.ask(option.go, infoQuery(exportName));
  }

  /** Sends a request. @returns its cookie. */
  request(type: number, offsetBytes: number | bigint, lengthBytes: number, flags = 0): bigint {
    const cookie = this.nextCookie++;
    if (type === command.read) this.readLengths.set(cookie, lengthBytes);
    const header = Buffer.alloc(28);
    header.writeUInt32BE(NBD.requestMagic, 0);
    header.writeUInt16BE(flags, 4);
    header.writeUInt16BE(type, 6);
    header.writeBigUInt64BE(cookie, 8);
    header.writeBigUInt64BE(BigInt(offsetBytes), 16);
    header.writeUInt32BE(lengthBytes, 24);
    this.socket.write(header);
    return cookie;
  }

  /** The next message; null when the server hung up. */
  async takeReply(): Promise<NbdReply | null> {
    const head = await this.input.take(16, true);
    if (!head) return null;
    if (head.readUInt32BE(0) === NBD.simpleReplyMagic) {
      const cookie = head.readBigUInt64BE(8);
      const error = head.readUInt32BE(4);
      return { kind: 'simple', cookie, error, data: await this.takeLong(error === 0 ? (this.readLengths.get(cookie) ?? 0) : 0) };
    }
    const payload = await this.takeLong((await this.input.take(4)).readUInt32BE(0));
    return { kind: 'chunk', flags: head.readUInt16BE(4), type: head.readUInt16BE(6), cookie: head.readBigUInt64BE(8), payload };
  }

  /** All chunks of the next reply up to its last; for one request at a time. */
  async takeChunks(): Promise<Extract<NbdReply, { kind: 'chunk' }>[]> {
    const chunks: Extract<NbdReply, { kind: 'chunk' }>[] = [];
    for (;;) {
      const reply = await this.takeReply();
      if (reply?.kind !== 'chunk') throw new TypeError('a chunk was expected');
      chunks.push(reply);
      if ((reply.flags & 1) === 1) return chunks;
    }
  }

  /** Leaves and waits until the server has closed too. */
  async disconnect(): Promise<void> {
    this.request(command.disconnect, 0, 0);
    await this.hungUp();
  }

  /** Waits until the server closes; whatever still comes is thrown away. */
  async hungUp(): Promise<void> {
    this.socket.removeAllListeners('readable');
    this.socket.resume();
    if (!this.socket.closed) await new Promise<void>((resolve) => this.socket.once('close', () => { resolve(); }));
  }

  private async takeLong(lengthBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = lengthBytes; left > 0; left -= 65536) parts.push(await this.input.take(Math.min(left, 65536)));
    return Buffer.concat(parts);
  }
}

/** Data of NBD_OPT_INFO and NBD_OPT_GO. */
export function infoQuery(exportName: string, infos: readonly number[] = []): Buffer {
  const count = Buffer.alloc(2 + infos.length * 2);
  count.writeUInt16BE(infos.length);
  infos.forEach((info, index) => { count.writeUInt16BE(info, 2 + index * 2); });
  return Buffer.concat([text(exportName), count]);
}

/** Data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export function metaQuery(exportName: string, queries: readonly string[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(queries.length);
  return Buffer.concat([text(exportName), count, ...queries.map(text)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
