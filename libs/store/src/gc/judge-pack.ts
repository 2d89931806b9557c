import { isLifeboatError, type PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import { listRecords, type PackListing } from '../pack/list-records.js';
import type { ListedRecord } from '../pack/pack-footer.js';
import { sealedPathOf } from '../pack/pack-paths.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import { recordLengthOf, type RecordEntry } from '../pack/segment-record.js';
import { GcImplausible } from './gc-errors.js';
import type { GcPorts } from './gc-ports.js';
import type { LiveMark } from './mark-live.js';

/** How much of a pack must stay: bytes of its records, and of them the share of needed content. */
export type PackVerdict = Readonly<{ packId: PackId; neededEntries: number; neededBytes: number; recordBytes: number }>;

/** What packs are judged by. */
export type Judge = Readonly<{
  ports: GcPorts; mark: LiveMark; reader: SegmentReader;
  /** Packs that this cycle takes away: no content may count on them. */
  doomed: ReadonlySet<PackId>;
  /** Last ledger record when the cycle began. */
  ledgerSeq: number;
}>;

/** A needed content with its place in the record's table. */
export type NeededEntry = RecordEntry & Readonly<{ entry: number }>;

/**
 * Tells how much of a sealed pack is needed. What the pack holds is asked of its own footer, what is live of the mark.
 * @returns undefined for a damaged pack: what it held is not known for sure, so it is not touched.
 * @throws GcImplausible (GC_IMPLAUSIBLE) the pack knows more of the ledger than the ledger itself.
 */
export async function judgePack(judge: Judge, packId: PackId): Promise<PackVerdict | undefined> {
  const listing = await listIntactPack(judge, packId);
  if (!listing) return undefined;
  let neededEntries = 0;
  let neededBytes = 0;
  let recordBytes = 0;
  for (const record of listing.records) {
    const needed = await neededOf(judge, packId, record);
    const neededPlainBytes = needed.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
    neededEntries += needed.length;
    neededBytes += Math.ceil(recordLengthOf(record.header) * (neededPlainBytes / record.header.plainLengthBytes));
    recordBytes += recordLengthOf(record.header);
  }
  return { packId, neededEntries, neededBytes, recordBytes };
}

/** The contents of a record that must stay where they are, or be copied: live, and in no other live pack. */
export async function neededOf(judge: Judge, packId: PackId, record: ListedRecord): Promise<NeededEntry[]> {
  // Pages are kept in two packs on purpose; as long as the pack is live, each copy stays.
  const mayLieElsewhere = record.header.type !== 'page' || !judge.ports.states.isLive(packId);
  const needed: NeededEntry[] = [];
  for (const [entry, content] of record.entries.entries()) {
    if (!judge.mark.live.has(content.digest)) continue;
    if (mayLieElsewhere && (await liesElsewhere(judge, packId, content))) continue;
    needed.push({ ...content, entry });
  }
  return needed;
}

/** The index only says where to look; the other copy counts when it was read. */
async function liesElsewhere({ ports, reader, doomed }: Judge, packId: PackId, { digest }: RecordEntry): Promise<boolean> {
  const place = ports.appender.find(digest);
  if (!place || place.packId === packId || doomed.has(place.packId)) return false;
  try {
    await reader.read(digest, place);
    return true;
  } catch (error) {
    if (isLifeboatError(error)) return false;
    throw error;
  }
}

/** Lists a sealed pack whose every part verifies; undefined when anything of it does not. */
export async function listIntactPack({ ports, ledgerSeq }: Pick<Judge, 'ports' | 'ledgerSeq'>, packId: PackId): Promise<PackListing | undefined> {
  let listing: PackListing;
  try {
    listing = await listRecords(ports.fs, sealedPathOf(packId), packId);
  } catch (error) {
    if (isLifeboatError(error) || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
  const { header, faults } = listing;
  if (!header || faults.length > 0 || header.storeId !== ports.storeId) return undefined;
  if (header.createdSeq > ledgerSeq || header.writerToken > ports.ledger.writerToken) {
    throw new GcImplausible({ packId, reason: 'the pack was begun after records that the ledger no longer has', createdSeq: header.createdSeq, lastSeq: ledgerSeq });
  }
  return listing;
}
