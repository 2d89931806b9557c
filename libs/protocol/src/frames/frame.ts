import { OperationalError, type Digest, type Extent, type MapEntry } from '@lifeboat/model';

/** How a batch's payload is compressed. */
export type Codec = 'raw' | 'zstd';

/** Plain bytes a batch may carry: one segment of the store. */
export const segmentBytesMax = 1024 * 1024;
/** Entries a batch may list. */
export const batchEntriesMax = 4096;
/** Bytes of the largest legal frame; sockets refuse longer messages. */
export const frameBytesMax = 32 + batchEntriesMax * 48 + segmentBytesMax + 4096;
/** Bytes of frames an agent may have in flight before the first acknowledgement. */
export const initialCreditBytes = 16 * 1024 * 1024;

/** An entry on the wire: a map entry, or `ref`: unchanged since the session's base. */
export type BatchEntry = MapEntry | Readonly<{ kind: 'ref' } & Extent>;

/**
 * A run of consecutive map entries of one volume with the bytes of its chunks. `payload` holds the plain bytes of the `data` entries in
 * order, compressed together with `codec`. In a map-only answer there is no payload and `plainLengthBytes` is 0.
 */
export type BatchFrame = Readonly<{
  type: 'batch'; seq: number; volume: number; entries: readonly BatchEntry[]; codec: Codec; plainLengthBytes: number; payload: Uint8Array;
}>;

/** The volume's map is complete; the receiver must compute the same root. */
export type VolumeEndFrame = Readonly<{ type: 'volume-end'; seq: number; volume: number; mapRoot: Digest }>;

/** Everything up to `durableSeq` is on stable storage; the agent may send `creditBytes` more than it was granted before. */
export type AckFrame = Readonly<{ type: 'ack'; durableSeq: number; creditBytes: number }>;

/** The sender gives up this transfer. `retry` says whether attaching again can help; `retryAfterMs` when. Never carries payload. */
export type FailFrame = Readonly<{ type: 'fail'; code: string; message: string; retry: 'never' | 'now' | 'later'; retryAfterMs: number }>;

/** Asks for the map entries of a range, with their bytes unless `mapOnly`. Answers come in order as batches, then a read-end. */
export type ReadFrame = Readonly<{ type: 'read'; seq: number; volume: number; offsetBytes: number; lengthBytes: number; mapOnly: boolean }>;

/** The answer to the read with the same `seq` is complete; ranges whose chunks could not be read came as `unreadable`, counted here. */
export type ReadEndFrame = Readonly<{ type: 'read-end'; seq: number; volume: number; damagedBytes: number }>;

/** The reader may be sent `creditBytes` more. */
export type CreditFrame = Readonly<{ type: 'credit'; creditBytes: number }>;

export type Frame = BatchFrame | VolumeEndFrame | AckFrame | FailFrame | ReadFrame | ReadEndFrame | CreditFrame;

/** A message on the data plane is not a legal frame; `details.reason` says which rule broke, never its bytes. */
export class FrameInvalid extends OperationalError {
  readonly code = 'FRAME_INVALID';
  constructor(reason: string) {
    super('a data frame breaks the protocol', { retry: 'never', details: { reason } });
  }
}
