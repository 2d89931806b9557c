import type { Extent } from '@lifeboat/model';
import { appendExtent } from '../../files/append-extent.js';
import { EXTENTS_PER_PIECE, type FileExtent, type MappedFile } from '../../files/mapped-file.js';
import type { Mft } from '../mft.js';
import { ATTRIBUTE, type MftRecord, type NtfsAttribute } from '../mft-record.js';
import { decodeRuns } from '../run-list.js';
import { NtfsPaths } from './ntfs-names.js';

type NonResident = Extract<NtfsAttribute, { resident: null }>;

/** All files of a volume in the order of their records, a named stream as a file of its own. Never throws for bad bytes. */
export async function* walkNtfsFiles(mft: Mft): AsyncGenerator<MappedFile> {
  const paths = new NtfsPaths(mft);
  // A record extends one file only, so that more of them than there are records is a lie.
  let extensionsLeft = mft.recordCount;
  for (let number = 0; number < mft.recordCount; number += 1) {
    const record = await mft.read(number);
    if (!record?.inUse || record.base !== 0) continue;
    const extended = record.attributes.some((one) => one.type === ATTRIBUTE.list) && extensionsLeft > 0;
    const { attributes, complete } = extended ? await mft.attributesOf(record) : { attributes: record.attributes, complete: !record.attributes.some((one) => one.type === ATTRIBUTE.list) };
    if (extended) extensionsLeft -= new Set(attributes).size - record.attributes.length;
    yield* filesOf(mft, { record, attributes, complete, path: await paths.pathOf(record, attributes) });
  }
}

type Named = Readonly<{ record: MftRecord; attributes: readonly NtfsAttribute[]; complete: boolean; path: string }>;

/** The file itself and its named streams. Of a directory the index is the content; all else that has clusters is metadata. */
function* filesOf(mft: Mft, named: Named): Generator<MappedFile> {
  const { record, attributes, path } = named;
  const contentType = record.isDirectory ? ATTRIBUTE.indexAllocation : ATTRIBUTE.data;
  const contentName = record.isDirectory ? '$I30' : '';
  const parts = attributes.filter((one): one is NonResident => one.resident === null);
  const isContent = (one: NtfsAttribute): boolean => one.type === contentType && one.name === contentName;
  const isStream = (one: NtfsAttribute): boolean => one.type === ATTRIBUTE.data && one.name !== '' && !isContent(one);
  const metadata = parts.filter((one) => !isContent(one) && !isStream(one));
  const resident = attributes.find(isContent)?.resident;
  yield* pieces(mft, { ...named, path, content: parts.filter(isContent), metadata, sizeBytes: resident?.length ?? null });
  for (const stream of new Set(attributes.filter(isStream).map((one) => one.name))) {
    const own = parts.filter((one) => isStream(one) && one.name === stream);
    if (own.length > 0) yield* pieces(mft, { ...named, path: `${path}:${stream.replace(/[\0/]/g, '\ufffd')}`, content: own, metadata: [], sizeBytes: null });
  }
}

type Content = Named & Readonly<{ content: readonly NonResident[]; metadata: readonly NonResident[]; sizeBytes: number | null }>;

function* pieces(mft: Mft, file: Content): Generator<MappedFile> {
  const { clusterBytes, clusterCount } = mft.geometry;
  const ordered = [...file.content].sort((a, b) => a.lowestVcn - b.lowestVcn);
  const first = ordered[0];
  const metadata: Extent[] = [];
  let { complete } = file;
  for (const part of file.metadata) {
    const { runs, damaged } = decodeRuns(part.pairs, part.lowestVcn, clusterCount);
    if (damaged) complete = false;
    for (const { cluster, count } of runs) if (cluster !== null) metadata.push({ offsetBytes: cluster * clusterBytes, lengthBytes: count * clusterBytes });
  }
  let extents: FileExtent[] = [];
  const piece = (continues: boolean, withMetadata: readonly Extent[]): MappedFile => ({
    path: file.path, inode: file.record.number, kind: file.record.isDirectory ? 'directory' : 'file', sizeBytes: file.sizeBytes ?? first?.dataBytes ?? 0,
    extents, metadata: withMetadata, complete, continues, record: file.record.bytes,
  });
  let vcn = 0;
  for (const part of ordered) {
    const { runs, damaged } = decodeRuns(part.pairs, part.lowestVcn, clusterCount);
    if (damaged || part.lowestVcn !== vcn) complete = false;
    for (const run of runs) {
      vcn = run.vcn + run.count;
      if (run.cluster === null) continue;
      // What lies behind the initialised size reads as zeros.
      const written = run.vcn * clusterBytes < (first?.initialisedBytes ?? 0);
      appendExtent(extents, { offsetBytes: run.cluster * clusterBytes, lengthBytes: run.count * clusterBytes, fileOffsetBytes: run.vcn * clusterBytes, written });
    }
    if (extents.length < EXTENTS_PER_PIECE) continue;
    yield piece(true, []);
    extents = [];
  }
  yield piece(false, metadata);
}
