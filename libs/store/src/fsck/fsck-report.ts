import type { ComputerName, Digest, MachineId, RestorePointId, StoreId } from '@lifeboat/model';
import type { DamagedFile } from '../damage/file-paths.js';

/**
 * Something in the store's own files. `damage` is wrong and was not made by a crash · `warning` may be worth a look · `info` explains bytes that nothing needs.
 * Offsets are bytes within the file at `path`, which is relative to the store.
 */
export type FsckFinding = Readonly<{ severity: 'damage' | 'warning' | 'info'; code: FsckFindingCode; path: string; offsetBytes: number; lengthBytes: number; detail: string }>;

/** Kinds of findings; stable, for machines. */
export type FsckFindingCode =
  | 'STORE_COPY_DAMAGED' | 'STORE_COPY_MISSING' | 'STORE_COPIES_UNUSABLE'
  | 'LEDGER_COPY_DAMAGED' | 'LEDGER_COPY_MISSING' | 'LEDGER_COPY_BEHIND' | 'LEDGER_DAMAGED' | 'LEDGER_TORN' | 'LEDGER_MISSING' | 'LEDGER_BEHIND_PACKS' | 'LEDGER_EVENT_UNKNOWN'
  | 'PACK_HEADER_DAMAGED' | 'PACK_RECORD_DAMAGED' | 'PACK_FOOTER_DAMAGED' | 'PACK_TRAILER_DAMAGED' | 'PACK_GAP' | 'PACK_UNREADABLE' | 'PACK_NOT_SEALED' | 'PARITY_DAMAGED'
  | 'POINT_FILE_DAMAGED' | 'POINT_FILE_MISSING' | 'POINT_NOT_COMMITTED' | 'FILE_UNKNOWN'
  | 'PACK_LEFT_OVER' | 'FILE_IN_QUARANTINE' | 'FILE_IN_TRASH' | 'WANTS_DAMAGED';

/**
 * A range that a committed restore point cannot give back. `structure` says what is lost: the bytes of a chunk, a page of the map with all it names, or the whole
 * point (then volume and disk are null and the length is 0). Offsets are bytes within the volume and, beside it, within the disk.
 */
export type FsckDamage = Readonly<{
  machineId: MachineId; computerName: ComputerName | null; pointId: RestorePointId; createdAtMs: number;
  diskId: string | null; volumeId: string | null; offsetBytes: number; diskOffsetBytes: number; lengthBytes: number;
  structure: 'chunk' | 'page' | 'point'; digest: Digest | null; detail: string;
  /** Files with bytes in the range, as far as the filesystem can be read; null when nobody looked. */
  files: readonly DamagedFile[] | null;
}>;

/** How far a check has come: bytes of packs, or points. */
export type FsckProgress = Readonly<{ phase: 'ledger' | 'packs' | 'points'; done: number; total: number }>;

/** The result of a check. `clean` when nothing is damaged; warnings and information do not count. */
export type FsckReport = Readonly<{
  storeId: StoreId | null; readData: boolean; clean: boolean;
  findings: readonly FsckFinding[]; damage: readonly FsckDamage[];
  /** There is more damage than listed. */
  damageTruncated: boolean;
  /** Committed points of which at least one byte is lost. */
  affectedPoints: number;
  checked: Readonly<{ ledgerRecords: number; packs: number; records: number; chunks: number; points: number; readBytes: number }>;
  /** Stored chunks and pages that no committed point needs: unfinished backups, or points that were not committed. */
  unreferenced: Readonly<{ chunks: number; plainBytes: number }>;
}>;

/** Gathers findings, at most as many as a person or a program can use. */
export class FsckFindings {
  readonly list: FsckFinding[] = [];
  private damaged = false;

  add(severity: FsckFinding['severity'], code: FsckFindingCode, at: Readonly<{ path: string; offsetBytes?: number; lengthBytes?: number; detail: string }>): void {
    if (severity === 'damage') this.damaged = true;
    if (this.list.length < findingsMax) this.list.push({ severity, code, path: at.path, offsetBytes: at.offsetBytes ?? 0, lengthBytes: at.lengthBytes ?? 0, detail: at.detail });
  }

  get anyDamage(): boolean {
    return this.damaged;
  }
}

const findingsMax = 100_000;
