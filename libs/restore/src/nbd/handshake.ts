import { ByteInput } from './byte-input.js';
import { NbdClientInvalid } from './nbd-errors.js';
import { findExport, type NbdExport } from './nbd-export.js';
import { allocationContext, exportInfo, handshakeFlag, NBD, option, optionReply, payloadBytesMax, preferredBlockBytes, transmissionFlag } from './nbd-protocol.js';
import { parseInfoQuery, parseMetaQuery } from './option-payload.js';

/** Longer option data ends the connection; the longest legal name has 4096 bytes. */
const optionBytesMax = 64 * 1024;
/** A client that haggles longer than this wants something else. */
const optionsMax = 256;

/** What a client and the server agreed upon. */
export type Agreement = Readonly<{ export: NbdExport; structured: boolean; allocation: boolean }>;

export type HandshakePorts = Readonly<{ input: ByteInput; write: (bytes: Uint8Array) => void; exports: readonly NbdExport[] }>;

/**
 * Carries out the handshake and the option haggling of the fixed newstyle (proto.md, "Newstyle negotiation").
 *
 * @returns null when the client left in good order.
 * @throws NbdClientInvalid (NBD_CLIENT_INVALID) the connection has to be closed.
 */
export function negotiate(ports: HandshakePorts): Promise<Agreement | null> {
  return new Handshake(ports).run();
}

type OptionRequest = Readonly<{ type: number; data: Buffer }>;

class Handshake {
  private structured = false;
  /** The export whose allocation the client asked for. */
  private allocationOf: NbdExport | null = null;
  private sendZeroes = true;

  constructor(private readonly ports: HandshakePorts) {}

  async run(): Promise<Agreement | null> {
    const { input, write } = this.ports;
    const hello = Buffer.alloc(18);
    hello.writeBigUInt64BE(NBD.magic, 0);
    hello.writeBigUInt64BE(NBD.optionMagic, 8);
    hello.writeUInt16BE(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes, 16);
    write(hello);
    const clientFlags = await input.take(4, true);
    // Port scanners and health checks connect and leave.
    if (!clientFlags) return null;
    const flags = clientFlags.readUInt32BE(0);
    if ((flags & ~(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes)) !== 0) throw new NbdClientInvalid('unknown client flags');
    this.sendZeroes = (flags & handshakeFlag.noZeroes) === 0;
    for (let count = 0; count < optionsMax; count += 1) {
      const request = await this.takeOption();
      if (!request) return null;
      const outcome = this.answer(request);
      if (outcome !== 'go on') return outcome;
    }
    throw new NbdClientInvalid('too many options');
  }

  private async takeOption(): Promise<OptionRequest | null> {
    const header = await this.ports.input.take(16, true);
    if (!header) return null;
    if (header.readBigUInt64BE(0) !== NBD.optionMagic) throw new NbdClientInvalid('option magic');
    const lengthBytes = header.readUInt32BE(12);
    if (lengthBytes > optionBytesMax) throw new NbdClientInvalid('option data too long');
    return { type: header.readUInt32BE(8), data: await this.ports.input.take(lengthBytes) };
  }

  private answer({ type, data }: OptionRequest): Agreement | null | 'go on' {
    switch (type) {
      case option.exportName:
        return this.exportName(data);
      case option.abort:
        this.reply(type, optionReply.ack);
        return null;
      case option.list:
        this.list(type, data);
        return 'go on';
      case option.structuredReply:
        this.structured ||= data.length === 0;
        this.reply(type, data.length === 0 ? optionReply.ack : optionReply.errInvalid);
        return 'go on';
      case option.info:
      case option.go:
        return this.infoOrGo(type, data);
      case option.listMetaContext:
      case option.setMetaContext:
        this.metaContext(type, data);
        return 'go on';
      default:
        this.reply(type, optionReply.errUnsupported);
        return 'go on';
    }
  }

  /** The old way in: there is no answer for "no such export" but hanging up. */
  private exportName(data: Buffer): Agreement {
    const found = findExport(this.ports.exports, data.toString('utf8'));
    if (!found) throw new NbdClientInvalid('no such export');
    const answer = Buffer.alloc(this.sendZeroes ? 134 : 10);
    answer.writeBigUInt64BE(BigInt(found.image.sizeBytes), 0);
    answer.writeUInt16BE(this.transmissionFlags(), 8);
    this.ports.write(answer);
    return this.agree(found);
  }

  private list(type: number, data: Buffer): void {
    if (data.length > 0) {
      this.reply(type, optionReply.errInvalid);
      return;
    }
    for (const { name, description } of this.ports.exports) this.reply(type, optionReply.server, Buffer.concat([withLength(name), Buffer.from(description)]));
    this.reply(type, optionReply.ack);
  }

  private infoOrGo(type: number, data: Buffer): Agreement | 'go on' {
    const query = parseInfoQuery(data);
    const found = query ? findExport(this.ports.exports, query.exportName) : undefined;
    if (!query || !found) {
      this.reply(type, query ? optionReply.errUnknown : optionReply.errInvalid, Buffer.from(query ? 'there is no export of that name' : ''));
      return 'go on';
    }
    const facts = Buffer.alloc(12);
    facts.writeUInt16BE(exportInfo.export, 0);
    facts.writeBigUInt64BE(BigInt(found.image.sizeBytes), 2);
    facts.writeUInt16BE(this.transmissionFlags(), 10);
    this.reply(type, optionReply.info, facts);
    if (query.infos.includes(exportInfo.name)) this.reply(type, optionReply.info, infoText(exportInfo.name, found.name));
    if (query.infos.includes(exportInfo.description)) this.reply(type, optionReply.info, infoText(exportInfo.description, found.description));
    const blockSize = Buffer.alloc(14);
    blockSize.writeUInt16BE(exportInfo.blockSize, 0);
    blockSize.writeUInt32BE(1, 2);
    blockSize.writeUInt32BE(preferredBlockBytes, 6);
    blockSize.writeUInt32BE(payloadBytesMax, 10);
    this.reply(type, optionReply.info, blockSize);
    this.reply(type, optionReply.ack);
    return type === option.go ? this.agree(found) : 'go on';
  }

  /** Contexts need structured replies first. A second SET replaces the first, also when it fails. */
  private metaContext(type: number, data: Buffer): void {
    const isSet = type === option.setMetaContext;
    if (isSet) this.allocationOf = null;
    const query = this.structured ? parseMetaQuery(data) : null;
    const found = query ? findExport(this.ports.exports, query.exportName) : undefined;
    if (!query || !found) {
      this.reply(type, query ? optionReply.errUnknown : optionReply.errInvalid);
      return;
    }
    const named = query.queries.includes(allocationContext.name);
    const listed = !isSet && (query.queries.length === 0 || query.queries.includes('base:'));
    if (named || listed) {
      const context = Buffer.alloc(4 + allocationContext.name.length);
      context.writeUInt32BE(isSet ? allocationContext.id : 0, 0);
      context.write(allocationContext.name, 4, 'utf8');
      this.reply(type, optionReply.metaContext, context);
      if (isSet) this.allocationOf = found;
    }
    this.reply(type, optionReply.ack);
  }

  private agree(found: NbdExport): Agreement {
    return { export: found, structured: this.structured, allocation: this.allocationOf === found };
  }

  /** Several connections see the same bytes, because nothing can be written. */
  private transmissionFlags(): number {
    const { hasFlags, readOnly, sendFlush, canMultiConn, sendCache, sendDf } = transmissionFlag;
    return hasFlags | readOnly | sendFlush | canMultiConn | sendCache | (this.structured ? sendDf : 0);
  }

  private reply(type: number, replyType: number, data: Uint8Array = Buffer.alloc(0)): void {
    const header = Buffer.alloc(20);
    header.writeBigUInt64BE(NBD.optionReplyMagic, 0);
    header.writeUInt32BE(type, 8);
    header.writeUInt32BE(replyType, 12);
    header.writeUInt32BE(data.length, 16);
    this.ports.write(Buffer.concat([header, data]));
  }
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
}

function infoText(info: number, text: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(info, 0);
  return Buffer.concat([head, Buffer.from(text)]);
}
