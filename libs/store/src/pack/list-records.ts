import type { PackId } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import { readFullyAt, withFile } from '../fs/file-io.js';
import type { StoreFile, StoreFs } from '../fs/store-fs.js';
import { decodeFooter, decodeTrailer, TRAILER_BYTES, TRAILERS_BYTES, type FooterEntry, type ListedRecord, type PackTrailer } from './pack-footer.js';
import { decodePackHeader, PACK_HEADER_BYTES, type PackHeader } from './pack-header.js';
import { recordLengthOf } from './segment-record.js';
import { scanRecords, type ScannedPack } from './scan-records.js';

/** Something wrong in a pack file, at a place in the file. */
export type PackFault = Readonly<{ structure: 'header' | 'record' | 'footer' | 'trailer'; offsetBytes: number; lengthBytes: number; reason: string }>;

/** The records of a pack. `listedBy` the footer, or by a scan when there is no footer or it does not verify. */
export type PackListing = Readonly<{
  packId: PackId; fileLengthBytes: number; header: PackHeader | null; listedBy: 'footer' | 'scan';
  records: readonly ListedRecord[]; faults: readonly PackFault[];
  /** Copies for a new footer; only after a scan. */
  footerEntries: readonly FooterEntry[];
  /** Where the last record found ends. */
  recordsEnd: number;
}>;

/** Lists what a sealed pack holds: from its footer when that verifies, else by scanning. Reads only; a missing file is the port's `ENOENT`. */
export async function listRecords(fs: StoreFs, path: string, packId: PackId): Promise<PackListing> {
  return withFile(fs, path, async (file) => listRecordsIn({ file, path, packId, sizeBytes: await file.size() }));
}

/** As {@link listRecords}, of an open pack. */
export async function listRecordsIn(pack: ScannedPack): Promise<PackListing> {
  const { packId } = pack;
  const faults: PackFault[] = [];
  const header = await readHeader(pack, faults);
  const fromFooter = await readFooter(pack, faults);
  if (fromFooter) {
    const { records, trailer } = fromFooter;
    return { packId, fileLengthBytes: pack.sizeBytes, header, listedBy: 'footer', records, faults, footerEntries: [], recordsEnd: trailer.footerOffset };
  }
  return { ...(await scan(pack, faults)), header };
}

/** The records as the footer alone lists them; null when there is no footer or it does not verify. */
export async function listByFooter(pack: ScannedPack): Promise<readonly ListedRecord[] | null> {
  return (await readFooter(pack, []))?.records ?? null;
}

/**
 * Lists what a pack holds that was not sealed in order: by scanning, because a power cut may have kept a footer and lost records it lists.
 * `listedBy` is `footer` only when the footer lists exactly the records that verify.
 */
export async function scanPack(fs: StoreFs, path: string, packId: PackId): Promise<PackListing> {
  return withFile(fs, path, async (file) => {
    const pack: ScannedPack = { file, path, packId, sizeBytes: await file.size() };
    const footerFaults: PackFault[] = [];
    const faults: PackFault[] = [];
    const header = await readHeader(pack, faults);
    const fromFooter = await readFooter(pack, footerFaults);
    const scanned = await scan(pack, faults);
    if (!fromFooter || footerFaults.length > 0 || !areSameRecords(fromFooter.records, scanned.records)) return { ...scanned, header };
    // The footer itself is a gap to the scan; here it is known to be what it should be.
    const { footerOffset } = fromFooter.trailer;
    return { ...scanned, header, listedBy: 'footer', faults: faults.filter((fault) => fault.offsetBytes < footerOffset), recordsEnd: footerOffset };
  });
}

function areSameRecords(listed: readonly ListedRecord[], found: readonly ListedRecord[]): boolean {
  return listed.length === found.length && listed.every(({ recordOffset }, index) => recordOffset === found[index]?.recordOffset);
}

async function readHeader(pack: ScannedPack, faults: PackFault[]): Promise<PackHeader | null> {
  const bytes = new Uint8Array(Math.min(PACK_HEADER_BYTES, pack.sizeBytes));
  await readFullyAt(pack.file, bytes, { path: pack.path, offsetBytes: 0 });
  const header = decodePackHeader(bytes);
  const reason = isInvalid(header) ? header.invalid : header.packId === pack.packId ? undefined : 'pack header of another pack';
  if (reason === undefined && !isInvalid(header)) return header;
  faults.push({ structure: 'header', offsetBytes: 0, lengthBytes: PACK_HEADER_BYTES, reason: reason ?? 'pack header' });
  return null;
}

async function readFooter(pack: ScannedPack, faults: PackFault[]): Promise<{ records: ListedRecord[]; trailer: PackTrailer } | null> {
  if (pack.sizeBytes < PACK_HEADER_BYTES + TRAILERS_BYTES) {
    faults.push({ structure: 'trailer', offsetBytes: 0, lengthBytes: pack.sizeBytes, reason: 'no trailer' });
    return null;
  }
  const trailer = await readTrailers(pack, faults);
  if (!trailer) return null;
  const bytes = new Uint8Array(trailer.footerLengthBytes);
  await readFullyAt(pack.file, bytes, { path: pack.path, offsetBytes: trailer.footerOffset });
  const records = decodeFooter(bytes, trailer);
  if (!isInvalid(records)) return { records, trailer };
  faults.push({ structure: 'footer', offsetBytes: trailer.footerOffset, lengthBytes: trailer.footerLengthBytes, reason: records.invalid });
  return null;
}

async function readTrailers(pack: ScannedPack, faults: PackFault[]): Promise<PackTrailer | null> {
  let valid: PackTrailer | null = null;
  for (const offsetBytes of [pack.sizeBytes - TRAILERS_BYTES, pack.sizeBytes - TRAILER_BYTES]) {
    const trailer = await readTrailer(pack.file, pack, offsetBytes);
    if (isInvalid(trailer)) faults.push({ structure: 'trailer', offsetBytes, lengthBytes: TRAILER_BYTES, reason: trailer.invalid });
    else valid ??= trailer;
  }
  return valid;
}

async function readTrailer(file: StoreFile, pack: ScannedPack, offsetBytes: number): Promise<PackTrailer | Invalid> {
  const bytes = new Uint8Array(TRAILER_BYTES);
  await readFullyAt(file, bytes, { path: pack.path, offsetBytes });
  return decodeTrailer(bytes, pack.packId, pack.sizeBytes);
}

async function scan(pack: ScannedPack, faults: PackFault[]): Promise<Omit<PackListing, 'header'>> {
  const records: ListedRecord[] = [];
  const footerEntries: FooterEntry[] = [];
  let recordsEnd = PACK_HEADER_BYTES;
  for await (const part of scanRecords(pack)) {
    if (part.kind === 'gap') {
      faults.push({ structure: 'record', offsetBytes: part.offsetBytes, lengthBytes: part.lengthBytes, reason: part.reason });
      continue;
    }
    records.push(part.record);
    footerEntries.push({ recordOffset: part.record.recordOffset, headerAndTable: part.headerAndTable });
    recordsEnd = part.record.recordOffset + recordLengthOf(part.record.header);
  }
  return { packId: pack.packId, fileLengthBytes: pack.sizeBytes, listedBy: 'scan', records, faults, footerEntries, recordsEnd };
}
