import { readOrNull } from '../bytes/read-or-null.js';
import type { AttributeRuns, Mft } from './mft.js';
import { readRuns } from './read-runs.js';
import { ATTRIBUTE, type MftRecord, type NtfsAttribute, applyFixups, recordNumberAt } from './mft-record.js';

const ROOT_RECORD = 5;
const INDEX_NAME = '$I30';
const INDEX_HEADER_OFFSET = 24;
const LAST_ENTRY = 0x2;
/** A file name inside an index entry, and inside the attribute. */
const NAME_IN_ENTRY = 16;
const NAME_LENGTH_OFFSET = 64;
const NAME_OFFSET = 66;
/** A root directory of 200,000 names. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Finds files of the root directory by name, whatever the case. Blocks of the index that are no longer used may still name files, so that each record
 * found must itself bear the name.
 * @see Linux, fs/ntfs3/ntfs.h, `struct INDEX_ROOT`, `struct INDEX_BUFFER`, `struct NTFS_DE`.
 */
export async function findRootFiles(mft: Mft, names: readonly string[]): Promise<Map<string, MftRecord>> {
  const found = new Map<string, MftRecord>();
  const root = await mft.read(ROOT_RECORD);
  if (root === null) return found;
  const { attributes } = await mft.attributesOf(root);
  const indexRoot = attributes.find((one) => one.type === ATTRIBUTE.indexRoot && one.name === INDEX_NAME)?.resident;
  if (!indexRoot || indexRoot.length < 32) return found;
  const candidates = entriesIn(indexRoot.subarray(16));
  const runs = await mft.runsOf(root, ATTRIBUTE.indexAllocation, INDEX_NAME);
  if (runs) candidates.push(...(await entriesInBlocks(mft, runs, indexRoot.readUInt32LE(8))));
  for (const candidate of candidates) {
    const name = candidate.name.toLowerCase();
    if (!names.includes(name) || found.has(name)) continue;
    const record = await mft.read(candidate.record);
    if (record?.inUse && record.base === 0 && bearsName(await mft.attributesOf(record), name)) found.set(name, record);
  }
  return found;
}

type IndexEntry = Readonly<{ record: number; name: string }>;

async function entriesInBlocks(mft: Mft, runs: AttributeRuns, blockBytes: number): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = [];
  const { clusterBytes } = mft.geometry;
  if (blockBytes < 512 || blockBytes > 65_536 || blockBytes % 512 !== 0) return entries;
  const indexBytes = Math.min(runs.dataBytes, INDEX_BYTES_MAX);
  for (let at = 0; at + blockBytes <= indexBytes; at += blockBytes) {
    const block = await readRuns((offset, length) => readOrNull(mft.volume, offset, length), { runs: runs.runs, clusterBytes }, { offsetBytes: at, lengthBytes: blockBytes });
    if (block?.toString('latin1', 0, 4) === 'INDX' && applyFixups(block)) entries.push(...entriesIn(block.subarray(INDEX_HEADER_OFFSET)));
  }
  return entries;
}

/** @param node from the header of the node on. */
function entriesIn(node: Buffer): IndexEntry[] {
  const entries: IndexEntry[] = [];
  const end = Math.min(node.readUInt32LE(4), node.length);
  let at = node.readUInt32LE(0);
  while (at + NAME_IN_ENTRY <= end) {
    const [length, flags] = [node.readUInt16LE(at + 8), node.readUInt16LE(at + 12)];
    if (length < NAME_IN_ENTRY || at + length > end || flags & LAST_ENTRY) return entries;
    const name = nameIn(node.subarray(at + NAME_IN_ENTRY, at + length));
    if (name !== null) entries.push({ record: recordNumberAt(node, at), name });
    at += length;
  }
  return entries;
}

function nameIn(value: Buffer): string | null {
  const end = NAME_OFFSET + (value[NAME_LENGTH_OFFSET] ?? 0) * 2;
  return value.length > NAME_OFFSET && end <= value.length ? value.toString('utf16le', NAME_OFFSET, end) : null;
}

function bearsName({ attributes }: { attributes: readonly NtfsAttribute[] }, name: string): boolean {
  return attributes.some((one) => one.type === ATTRIBUTE.fileName && one.resident !== null && one.resident.length > 6 && recordNumberAt(one.resident, 0) === ROOT_RECORD && nameIn(one.resident)?.toLowerCase() === name);
}
