import { OperationalError, UserError, type Digest, type ErrorDetails, type MachineId, type PackId, type RestorePointId } from '@lifeboat/model';

/** Another process, or another store object in this one, owns the directory. */
export class StoreLocked extends OperationalError {
  readonly code = 'STORE_LOCKED';
  constructor(path: string, cause?: unknown) {
    super('another process is using this store', { retry: 'later', details: { path }, cause, remedy: 'Stop the server that uses this data directory, or wait for the running check to end.' });
  }
}

/** The directory has files but no store in it; nothing was touched. */
export class NotAStore extends UserError {
  readonly code = 'STORE_NOT_A_STORE';
  constructor(path: string, found: string) {
    super('the directory is not empty and not a store', { details: { path, found }, remedy: 'Choose an empty directory or the directory of an existing store.' });
  }
}

/** The store was written by a newer program, or needs features this one lacks; nothing was touched. */
export class StoreFormatNewer extends OperationalError {
  readonly code = 'STORE_FORMAT_NEWER';
  constructor(details: ErrorDetails) {
    super('the store has a format that this version does not know', { retry: 'never', details, remedy: 'Start the version of Lifeboat that wrote this store, or a newer one.' });
  }
}

/** None of the STORE copies can be read although the directory is a store's. */
export class StoreFileDamaged extends OperationalError {
  readonly code = 'STORE_FILE_DAMAGED';
  constructor(reason: string) {
    super('every copy of the STORE file is missing or damaged', { retry: 'never', details: { reason }, remedy: 'Restore one of STORE.a, STORE.b, STORE.c from a copy of this store; the packs themselves are untouched.' });
  }
}

/** The store refuses writes since an fsync failed or its medium returned errors; reading goes on. */
export class StoreReadOnly extends OperationalError {
  readonly code = 'STORE_READ_ONLY';
  constructor(reason: string, cause?: unknown) {
    super('the store accepts no writes', { retry: 'later', details: { reason }, cause, remedy: 'Check the disk under the data directory, then restart the server: it re-reads what is really on the disk.' });
  }
}

/** A ledger record below the ledger's end does not verify: history has been damaged, which is never treated as a torn write. */
export class LedgerCorrupt extends OperationalError {
  readonly code = 'LEDGER_CORRUPT';
  constructor(details: Readonly<{ file: string; offsetBytes: number; reason: string }>) {
    super('the ledger is damaged', { retry: 'never', details, remedy: 'Keep the store as it is, run `lifeboat store fsck` for the extent, and restore the named ledger file from a copy of the store. Until then `lifeboat-maintenance store-points` and `store-export` read what is readable.' });
  }
}

/** No space for what should be written. Nothing of the failed call is in the store; it works again when there is space. */
export class StoreFull extends OperationalError {
  readonly code = 'STORE_FULL';
  constructor(cause?: unknown) {
    super('the store has no space left', { retry: 'later', cause, remedy: 'Free space on the disk of the data directory; parked backups go on by themselves.' });
  }
}

/** The store is being closed or is closed. */
export class StoreClosed extends OperationalError {
  readonly code = 'STORE_CLOSED';
  constructor() {
    super('the store is closed', { retry: 'later' });
  }
}

/** No record of the store holds this chunk or page. */
export class ChunkMissing extends OperationalError {
  readonly code = 'CHUNK_MISSING';
  constructor(digest: Digest) {
    super('a chunk is not in the store', { retry: 'never', details: { digest }, remedy: 'Run `lifeboat store fsck --data` to see which restore points are affected.' });
  }
}

/** The bytes of a chunk or page are not what its digest says. `offsetBytes` is the record's place in the pack file. */
export class ChunkDamaged extends OperationalError {
  readonly code = 'CHUNK_DAMAGED';
  constructor(details: Readonly<{ digest: Digest; packId: PackId; offsetBytes: number; reason: string }>, cause?: unknown) {
    super('a chunk is damaged', { retry: 'never', details, cause, remedy: 'Run `lifeboat store fsck --data` to see which restore points are affected.' });
  }
}

/** No point file of that name. */
export class PointMissing extends OperationalError {
  readonly code = 'POINT_MISSING';
  constructor(details: Readonly<{ machineId: MachineId; pointId: RestorePointId }>) {
    super('the restore point does not exist', { retry: 'never', details, remedy: 'List the points with `lifeboat get versions`.' });
  }
}

/** A point file does not verify, or is not the point its name says. */
export class PointDamaged extends OperationalError {
  readonly code = 'POINT_DAMAGED';
  constructor(details: Readonly<{ file: string; reason: string }>, cause?: unknown) {
    super('the restore point is damaged', { retry: 'never', details, cause, remedy: 'Choose another restore point; run `lifeboat store fsck` for the extent of the damage.' });
  }
}

/**
 * A part of a point whose bytes the store does not hold: a chunk, or everything below a page of its map. Bytes are relative to the volume's first.
 */
export type MissingRange = Readonly<{ volumeId: string; kind: 'chunk' | 'page'; digest: Digest; offsetBytes: number; lengthBytes: number }>;

/**
 * A point names pages or chunks that the store does not hold; it was not committed. `missing` has their digests, `ranges` where they are in the point, both in the
 * order of the point and bounded; `missingCount` counts all.
 */
export class PointClosureBroken extends OperationalError {
  readonly code = 'POINT_CLOSURE_BROKEN';
  constructor(
    readonly missing: readonly Digest[],
    readonly missingCount: number,
    readonly ranges: readonly MissingRange[] = [],
  ) {
    super('the restore point names content that is not in the store', { retry: 'never', details: { missing: missing.slice(0, 100), missingCount }, remedy: 'Start the backup again; it sends what is missing.' });
  }
}

/** A committed point exists under this id with other content. */
export class PointExists extends OperationalError {
  readonly code = 'POINT_EXISTS';
  constructor(details: Readonly<{ machineId: MachineId; pointId: RestorePointId }>) {
    super('a restore point with this id exists already', { retry: 'never', details });
  }
}

/** A file ended before the bytes that must be there. */
export class StoreShortRead extends OperationalError {
  readonly code = 'STORE_SHORT_READ';
  constructor(details: Readonly<{ path: string; offsetBytes: number; wantedBytes: number; gotBytes: number }>) {
    super('a file of the store is shorter than it must be', { retry: 'never', details });
  }
}

/** A write made no progress although the system reported no error. */
export class StoreShortWrite extends OperationalError {
  readonly code = 'STORE_SHORT_WRITE';
  constructor(details: Readonly<{ path: string; offsetBytes: number; wantedBytes: number; gotBytes: number }>) {
    super('a write to the store stopped half-way', { retry: 'later', details });
  }
}

/** The store's directory does not support something the store needs, or could not be read. */
export class StoreUnusable extends OperationalError {
  readonly code = 'STORE_UNUSABLE';
  constructor(details: Readonly<{ path: string; reason: string }>, cause?: unknown) {
    super('the store cannot be used', { retry: 'later', details, cause });
  }
}
