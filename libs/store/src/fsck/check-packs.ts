import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLifeboatError, type PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import { withFile } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { listRecords, scanPack, type PackFault, type PackListing } from '../pack/list-records.js';
import { PACK_HEADER_BYTES } from '../pack/pack-header.js';
import { openPathOf } from '../pack/pack-paths.js';
import { recordLengthOf } from '../pack/segment-record.js';
import { checkParityFile } from '../parity/check-parity-file.js';
import { parityPathOf } from '../parity/parity-paths.js';
import { readByParity } from '../repair/read-by-parity.js';
import { listPacks } from '../recovery/reconcile-index.js';
import { checkRecord } from './check-record.js';
import type { DigestTable } from './digest-table.js';
import type { LedgerContent } from './check-ledger.js';
import type { FsckFindings, FsckProgress } from './fsck-report.js';

/** What the packs are checked with and against. */
export type PackCheck = Readonly<{
  fs: StoreFs; table: DigestTable; findings: FsckFindings; ledger: LedgerContent; readData: boolean;
  onProgress?: ((progress: FsckProgress) => void) | undefined; signal?: AbortSignal | undefined;
}>;

/** Packs by their numbers in the table, and how much was looked at. */
export type CheckedPacks = Readonly<{ packs: readonly PackId[]; records: number; readBytes: number }>;

const noDamage: ReadonlyMap<number, ReadonlySet<number>> = new Map();
const faultCodes = { header: 'PACK_HEADER_DAMAGED', record: 'PACK_RECORD_DAMAGED', footer: 'PACK_FOOTER_DAMAGED', trailer: 'PACK_TRAILER_DAMAGED' } as const;

/** Checks every pack and enters what it holds into the table, one pack at a time. */
export async function checkPacks(check: PackCheck): Promise<CheckedPacks> {
  const found = await listPacks(check.fs);
  const sizes = new Map<PackId, number>();
  for (const [packId, path] of found) sizes.set(packId, (await check.fs.stat(path))?.sizeBytes ?? 0);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const packs: PackId[] = [];
  let done = 0;
  let records = 0;
  let readBytes = 0;
  for (const [packId, path] of found) {
    check.signal?.throwIfAborted();
    if (!check.ledger.states.isPresent(packId)) {
      // Nothing may rely on it, so what it holds does not count.
      check.findings.add('info', 'PACK_LEFT_OVER', { path, lengthBytes: sizes.get(packId) ?? 0, detail: 'the ledger says that this pack is gone; a crash came before its file went' });
      continue;
    }
    packs.push(packId);
    const result = await checkPack(check, { packId, path, packNumber: packs.length - 1 });
    records += result.records;
    readBytes += result.readBytes;
    done += sizes.get(packId) ?? 0;
    check.onProgress?.({ phase: 'packs', done, total });
    await nextTurn();
  }
  return { packs, records, readBytes };
}

type PackAt = Readonly<{ packId: PackId; path: string; packNumber: number }>;

async function checkPack(check: PackCheck, at: PackAt): Promise<{ records: number; readBytes: number }> {
  const isOpen = at.path === openPathOf(at.packId);
  try {
    const listing = await (isOpen ? scanPack : listRecords)(check.fs, at.path, at.packId);
    reportFaults(listing, { isOpen, path: at.path }, check.findings);
    reportHeader(listing, at.path, check);
    const damagedRecords = check.readData && !isOpen ? await checkRecords(check, at, listing) : noDamage;
    if (check.readData && !isOpen) await checkParity(check, at.packId);
    // What is damaged in the file is lost only when its parity does not give it back either.
    const isDamaged = !isOpen && (listing.faults.length > 0 || damagedRecords.size > 0);
    const readable = isDamaged ? await readByParity(check.fs, at.packId) : { records: listing.records, damaged: damagedRecords };
    readable.records.forEach(({ recordOffset, entries }) => {
      const damaged = readable.damaged.get(recordOffset);
      entries.forEach(({ digest, lengthBytes }, entry) => {
        check.table.add(digest, { packNumber: at.packNumber, recordOffset, entry, lengthBytes }, damaged?.has(entry) === true);
      });
    });
    return { records: listing.records.length, readBytes: check.readData || isOpen ? listing.fileLengthBytes : 0 };
  } catch (error) {
    check.signal?.throwIfAborted();
    const detail = isLifeboatError(error) ? error.code : errnoOf(error);
    if (detail === undefined) throw error;
    check.findings.add('damage', 'PACK_UNREADABLE', { path: at.path, detail });
    return { records: 0, readBytes: 0 };
  }
}

async function checkParity({ fs, findings }: PackCheck, packId: PackId): Promise<void> {
  const detail = await checkParityFile(fs, packId);
  if (detail !== null) findings.add('damage', 'PARITY_DAMAGED', { path: parityPathOf(packId), detail: `${detail}; a scrub makes it again` });
}

/** Reads every record of the pack; answers which entries of which records do not verify. */
async function checkRecords(check: PackCheck, at: PackAt, listing: PackListing): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const damaged = new Map<number, ReadonlySet<number>>();
  await withFile(check.fs, at.path, async (file) => {
    for (const listed of listing.records) {
      check.signal?.throwIfAborted();
      const result = await checkRecord(file, at.path, listed);
      if (result === null) continue;
      const place = { path: at.path, offsetBytes: listed.recordOffset, lengthBytes: recordLengthOf(listed.header), detail: result.reason };
      check.findings.add('damage', 'PACK_RECORD_DAMAGED', place);
      damaged.set(listed.recordOffset, result.damagedEntries);
    }
  });
  return damaged;
}

function reportFaults(listing: PackListing, { isOpen, path }: { isOpen: boolean; path: string }, findings: FsckFindings): void {
  if (isOpen) findings.add('info', 'PACK_NOT_SEALED', { path, lengthBytes: listing.fileLengthBytes, detail: 'the next start of the server seals this pack' });
  for (const fault of listing.faults) {
    if (isOpen && fault.structure === 'record') findings.add('warning', 'PACK_GAP', { path, ...placeOf(fault) });
    else findings.add('damage', faultCodes[fault.structure], { path, ...placeOf(fault) });
  }
  if (isOpen || listing.listedBy === 'scan') return;
  let end = PACK_HEADER_BYTES;
  const gap = (to: number): void => {
    if (to > end) findings.add('info', 'PACK_GAP', { path, offsetBytes: end, lengthBytes: to - end, detail: 'bytes of a write that a crash interrupted; no record' });
  };
  for (const { recordOffset, header } of listing.records) {
    gap(recordOffset);
    end = recordOffset + recordLengthOf(header);
  }
  gap(listing.recordsEnd);
}

function placeOf(fault: PackFault): { offsetBytes: number; lengthBytes: number; detail: string } {
  return { offsetBytes: fault.offsetBytes, lengthBytes: fault.lengthBytes, detail: fault.reason };
}

/** A pack that knows more of the ledger than the ledger itself shows that the ledger lost its end. */
function reportHeader({ header }: PackListing, path: string, { findings, ledger }: PackCheck): void {
  if (!header) return;
  if (ledger.storeId !== null && header.storeId !== ledger.storeId) findings.add('damage', 'PACK_HEADER_DAMAGED', { path, offsetBytes: 16, lengthBytes: 16, detail: 'pack of another store' });
  if (header.createdSeq > ledger.lastSeq || header.writerToken > ledger.writerToken + 1) {
    findings.add('damage', 'LEDGER_BEHIND_PACKS', { path, offsetBytes: 56, lengthBytes: 16, detail: 'the pack was begun after records that the ledger no longer has' });
  }
}
