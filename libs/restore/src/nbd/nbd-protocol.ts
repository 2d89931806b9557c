import { MIB } from '@lifeboat/model';

/**
 * Numbers of the NBD protocol, all big-endian on the wire.
 * @see https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, sections "Values" and "Structured reply types".
 */
export const NBD = {
  /** First bytes of a server ("NBDMAGIC"), then "IHAVEOPT", which also heads every option. */
  magic: 0x4e42444d41474943n, optionMagic: 0x49484156454f5054n, optionReplyMagic: 0x0003e889045565a9n,
  requestMagic: 0x25609513, simpleReplyMagic: 0x67446698, structuredReplyMagic: 0x668e33ef,
} as const;

/** "Handshake flags" and "Client flags". */
export const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** "Transmission flags". */
export const transmissionFlag = { hasFlags: 0x1, readOnly: 0x2, sendFlush: 0x4, sendDf: 0x80, canMultiConn: 0x100, sendCache: 0x400 } as const;

/** "Option types". 5 (STARTTLS) and every other one is answered with ERR_UNSUP. */
export const option = { exportName: 1, abort: 2, list: 3, info: 6, go: 7, structuredReply: 8, listMetaContext: 9, setMetaContext: 10 } as const;

/** "Option reply types". */
export const optionReply = {
  ack: 1, server: 2, info: 3, metaContext: 4, errUnsupported: 0x80000001, errInvalid: 0x80000003, errUnknown: 0x80000006,
} as const;

/** Types of NBD_REP_INFO. */
export const exportInfo = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** "Request types". */
export const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, cache: 5, writeZeroes: 6, blockStatus: 7 } as const;

/** "Command flags". */
export const commandFlag = { dontFragment: 0x4, requestOne: 0x8 } as const;

/** "Structured reply types" and their only flag. */
export const replyType = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5, error: 0x8001, errorOffset: 0x8002 } as const;
export const replyDone = 1;

/** "Error values". */
export const nbdError = { permission: 1, io: 5, invalid: 22, overflow: 75, shutdown: 108 } as const;
export type NbdError = (typeof nbdError)[keyof typeof nbdError];

/** Flags of the `base:allocation` context. */
export const blockState = { hole: 1, zero: 2 } as const;

/** The only metadata context, and the number it has on every connection. */
export const allocationContext = { name: 'base:allocation', id: 1 } as const;

/** Longest payload of a request or a reply; also what clients assume of servers that say nothing ("Block size constraints"). */
export const payloadBytesMax = 32 * MIB;
/** What is read and sent at a time; also the longest read that is answered in one piece on request. */
export const pieceBytesMax = MIB;
/** What reads cost least at: one chunk. */
export const preferredBlockBytes = 64 * 1024;
