import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../bytes/read-or-null.js';
import { WindowCache } from '../bytes/window-cache.js';
import { ATTRIBUTE, type MftRecord, type NtfsAttribute, parseMftRecord, recordNumberAt } from './mft-record.js';
import type { NtfsGeometry } from './ntfs-geometry.js';
import { readRuns } from './read-runs.js';
import { type NtfsRun, decodeRuns } from './run-list.js';

const LIST_BYTES_MAX = 16 * 1024 * 1024;
const LIST_ENTRY_BYTES = 26;
const EXTENSIONS_MAX = 32_768;
/** The mirror holds the first records only. */
const MIRRORED_RECORDS = 4;

/** The runs of an attribute that is not resident; `complete` when they cover it without a gap. */
export type AttributeRuns = Readonly<{ runs: readonly NtfsRun[]; dataBytes: number; initialisedBytes: number; sparseOrCompressed: boolean; complete: boolean }>;

/** The master file table: reads file records by number, with the attributes that overflowed into other records. */
export class Mft {
  /** Records that had to be read from the mirror. */
  readonly mirrored = new Set<number>();
  readonly #cache: WindowCache;
  #runs: readonly NtfsRun[] = [];
  #dataBytes = 0;

  private constructor(
    readonly volume: BlockReader,
    readonly geometry: NtfsGeometry,
  ) {
    this.#cache = new WindowCache(volume);
  }

  /** Opens the table of a volume; null when its first record is damaged in both places or its map has holes. */
  static async open(volume: BlockReader, geometry: NtfsGeometry): Promise<Mft | null> {
    const mft = new Mft(volume, geometry);
    const perCluster = Math.max(1, Math.ceil(geometry.recordBytes / geometry.clusterBytes));
    mft.#runs = [{ vcn: 0, cluster: geometry.mftCluster, count: Math.min(perCluster, geometry.clusterCount - geometry.mftCluster) }];
    mft.#dataBytes = geometry.recordBytes;
    const own = await mft.read(0);
    const data = own?.attributes.find((one) => one.type === ATTRIBUTE.data && one.name === '');
    if (!own || !data || data.resident !== null || data.lowestVcn !== 0) return null;
    // The records with the rest of the map lie in the part that is mapped before them.
    mft.#runs = decodeRuns(data.pairs, 0, geometry.clusterCount).runs;
    mft.#dataBytes = data.dataBytes;
    const whole = await mft.runsOf(own, ATTRIBUTE.data, '');
    if (!whole?.complete || whole.sparseOrCompressed) return null;
    mft.#runs = whole.runs;
    return mft;
  }

  get recordCount(): number {
    return Math.floor(this.#dataBytes / this.geometry.recordBytes);
  }

  get runs(): readonly NtfsRun[] {
    return this.#runs;
  }

  /** Record `number`, from the mirror when the table has it damaged; null when there is none. */
  async read(number: number): Promise<MftRecord | null> {
    const { recordBytes, clusterBytes, mirrorCluster } = this.geometry;
    const raw = number >= 0 && number < this.recordCount ? await readRuns((offset, length) => this.#cache.read(offset, length), { runs: this.#runs, clusterBytes }, { offsetBytes: number * recordBytes, lengthBytes: recordBytes }) : null;
    const record = raw === null ? null : parseMftRecord(raw, number);
    if (record !== null || number >= MIRRORED_RECORDS) return record;
    const copy = await readOrNull(this.volume, mirrorCluster * clusterBytes + number * recordBytes, recordBytes);
    const mirrored = copy === null ? null : parseMftRecord(copy, number);
    if (mirrored !== null) this.mirrored.add(number);
    return mirrored;
  }

  /** All attributes of a base record, its own and those in extension records; `complete` when none was missing. */
  async attributesOf(record: MftRecord): Promise<{ attributes: readonly NtfsAttribute[]; complete: boolean }> {
    const list = record.attributes.find((one) => one.type === ATTRIBUTE.list);
    if (!list) return { attributes: record.attributes, complete: true };
    const bytes = await this.#valueOf(list);
    if (bytes === null) return { attributes: record.attributes, complete: false };
    const attributes = [...record.attributes];
    let complete = true;
    const extensions = new Set<number>();
    for (let at = 0; at + LIST_ENTRY_BYTES <= bytes.length; ) {
      const length = bytes.readUInt16LE(at + 4);
      if (length < LIST_ENTRY_BYTES || extensions.size >= EXTENSIONS_MAX) {
        complete = false;
        break;
      }
      const number = recordNumberAt(bytes, at + 16);
      if (number !== record.number) extensions.add(number);
      at += length;
    }
    for (const number of extensions) {
      const extension = await this.read(number);
      if (extension?.inUse && extension.base === record.number) attributes.push(...extension.attributes);
      else complete = false;
    }
    return { attributes, complete };
  }

  /** The runs of a non-resident attribute of a base record; null when it has none. */
  async runsOf(record: MftRecord, type: number, name: string): Promise<AttributeRuns | null> {
    const { attributes, complete } = await this.attributesOf(record);
    const parts = attributes.flatMap((one) => (one.type === type && one.name === name && one.resident === null ? [one] : []));
    return joinRuns(parts, this.geometry, complete);
  }

  /** The value of a small attribute; null when it is damaged, unreadable or absurdly long. */
  async #valueOf(attribute: NtfsAttribute): Promise<Buffer | null> {
    if (attribute.resident !== null) return attribute.resident;
    const { clusterBytes, clusterCount } = this.geometry;
    const { runs, damaged } = decodeRuns(attribute.pairs, 0, clusterCount);
    if (damaged || attribute.dataBytes > LIST_BYTES_MAX) return null;
    return readRuns((offset, length) => readOrNull(this.volume, offset, length), { runs, clusterBytes }, { offsetBytes: 0, lengthBytes: attribute.dataBytes });
  }
}

type NonResident = Extract<NtfsAttribute, { resident: null }>;

/** Puts the parts of an attribute together in the order of their clusters. */
export function joinRuns(parts: readonly NonResident[], geometry: NtfsGeometry, allPartsKnown: boolean): AttributeRuns | null {
  const ordered = [...parts].sort((a, b) => a.lowestVcn - b.lowestVcn);
  const [first] = ordered;
  if (!first) return null;
  const runs: NtfsRun[] = [];
  let vcn = 0;
  let complete = allPartsKnown && Number.isSafeInteger(first.dataBytes);
  for (const part of ordered) {
    if (part.lowestVcn !== vcn) complete = false;
    const decoded = decodeRuns(part.pairs, part.lowestVcn, geometry.clusterCount);
    if (decoded.damaged) complete = false;
    for (const run of decoded.runs) runs.push(run);
    const last = runs.at(-1);
    vcn = last ? last.vcn + last.count : vcn;
  }
  if (vcn * geometry.clusterBytes < first.dataBytes) complete = false;
  const { dataBytes, initialisedBytes, sparseOrCompressed } = first;
  return { runs, dataBytes, initialisedBytes, sparseOrCompressed, complete };
}
