import { NbdClientInvalid } from './nbd-errors.js';
import { command, commandFlag, NBD, nbdError, payloadBytesMax, pieceBytesMax, type NbdError } from './nbd-protocol.js';

export const requestHeaderBytes = 28;

/** A request as it came. `cookie` names it in the reply. `offsetBytes` is null when it is beyond what a number can count: no disk is. */
export type NbdRequest = Readonly<{ type: number; flags: number; cookie: Buffer; offsetBytes: number | null; lengthBytes: number }>;

/** Decodes the header of a request (proto.md, "Request message"). @throws NbdClientInvalid (NBD_CLIENT_INVALID) not a request at all. */
export function decodeRequest(header: Buffer): NbdRequest {
  if (header.readUInt32BE(0) !== NBD.requestMagic) throw new NbdClientInvalid('request magic');
  const offset = header.readBigUInt64BE(16);
  return {
    flags: header.readUInt16BE(4), type: header.readUInt16BE(6), cookie: Buffer.from(header.subarray(8, 16)),
    offsetBytes: offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : null, lengthBytes: header.readUInt32BE(24),
  };
}

/** Bytes that follow the header of a request. */
export const requestPayloadBytes = (request: NbdRequest): number => (request.type === command.write ? request.lengthBytes : 0);

/**
 * Why a request is refused, or null when it may be carried out. Pure.
 * @see proto.md, "Error values" and "Command flags": unknown commands and flags are EINVAL, writes to a read-only export EPERM.
 */
export function refusalOf(request: NbdRequest, limits: Readonly<{ sizeBytes: number; structured: boolean; allocation: boolean }>): NbdError | null {
  const { type, flags, offsetBytes, lengthBytes } = request;
  if (type === command.write || type === command.trim || type === command.writeZeroes) return nbdError.permission;
  if ((flags & ~flagsOf(type, limits.structured)) !== 0) return nbdError.invalid;
  switch (type) {
    case command.flush:
      return null;
    case command.read:
    case command.cache:
    case command.blockStatus:
      break;
    default:
      return nbdError.invalid;
  }
  if (offsetBytes === null || offsetBytes + lengthBytes > limits.sizeBytes) return nbdError.invalid;
  if (type === command.blockStatus) return limits.allocation && lengthBytes > 0 ? null : nbdError.invalid;
  if (type === command.read && lengthBytes > payloadBytesMax) return nbdError.overflow;
  return (flags & commandFlag.dontFragment) !== 0 && lengthBytes > pieceBytesMax ? nbdError.overflow : null;
}

function flagsOf(type: number, structured: boolean): number {
  if (type === command.read) return structured ? commandFlag.dontFragment : 0;
  return type === command.blockStatus ? commandFlag.requestOne : 0;
}
