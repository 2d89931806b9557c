import { setImmediate as nextTurn } from 'node:timers/promises';
import { compressChunk } from '@lifeboat/codec';
import type { Digest, PackId } from '@lifeboat/model';
import type { ChunkIndex, ChunkPlace } from '../index/chunk-index.js';
import type { ListedRecord } from '../pack/pack-footer.js';
import { payloadOffsetOf, type RecordContent } from '../pack/segment-record.js';
import { expandRecord, type ImageCheck } from '../scrub/check-image.js';
import type { Want } from './wants-file.js';

const recordsPerTurn = 8;

/** What can be carried over from a damaged pack, and who takes it. `locate` says where a digest is found now; `put` keeps the bytes only until it resolves. */
export type CarryOverPorts = Readonly<{ locate: (digest: Digest) => ChunkPlace | undefined; put: (content: RecordContent) => Promise<unknown> }>;

/** Counts of what was carried over, bytes as expanded. */
export type CarriedOver = Readonly<{ chunks: number; bytes: number }>;

/** A damaged pack, rebuilt as far as possible; `check` is of these bytes. */
export type RebuiltPack = Readonly<{ packId: PackId; bytes: Uint8Array; check: ImageCheck }>;

type Locate = CarryOverPorts['locate'];

/** What nothing but this pack held and what cannot be read of it any more. */
export function findLost({ packId, check }: RebuiltPack, locate: Locate): Want[] {
  const lost: Want[] = [];
  for (const record of check.records) {
    for (const entry of check.damaged.get(record.recordOffset) ?? []) {
      const listed = record.entries[entry];
      if (!listed || !isNeeded(locate(listed.digest), { packId, recordOffset: record.recordOffset, entry })) continue;
      lost.push({ digest: listed.digest, lengthBytes: listed.lengthBytes, packId, recordOffset: record.recordOffset });
    }
  }
  return lost;
}

/**
 * What the index places in a pack that the pack itself does not list any more: its footer is gone, and with it the names of records that rotted too.
 * Reads the whole index; only for packs whose footer could not be rebuilt.
 */
export async function findUnlisted({ packId, check }: RebuiltPack, placesIn: ChunkIndex['placesIn'], locate: Locate): Promise<Want[]> {
  const listed = new Map(check.records.map(({ recordOffset, entries }) => [recordOffset, entries]));
  const lost: Want[] = [];
  for await (const [digest, { recordOffset, entry, lengthBytes }] of placesIn(packId)) {
    if (listed.get(recordOffset)?.[entry]?.digest !== digest && isNeeded(locate(digest), { packId, recordOffset, entry })) lost.push({ digest, lengthBytes, packId, recordOffset });
  }
  return lost;
}

/** Stores anew what nothing but this pack holds. Entries that are found elsewhere, because they were compacted or healed before, are left behind. */
export async function carryOver(pack: RebuiltPack, ports: CarryOverPorts): Promise<CarriedOver> {
  const carried = { chunks: 0, bytes: 0 };
  for (const [index, record] of pack.check.records.entries()) {
    if (index % recordsPerTurn === recordsPerTurn - 1) await nextTurn();
    const content = contentOf(pack.bytes, record, selectEntries(pack, record, ports.locate));
    if (!content) continue;
    await ports.put(content);
    carried.chunks += content.chunks.length;
    carried.bytes += content.plainLengthBytes;
  }
  return carried;
}

function selectEntries({ packId, check }: RebuiltPack, { recordOffset, header, entries }: ListedRecord, locate: Locate): number[] {
  const damaged = check.damaged.get(recordOffset);
  return [...entries.entries()].flatMap(([entry, { digest }]) => {
    if (damaged?.has(entry) === true) return [];
    // Pages are kept twice: a copy that is not the one found is carried over all the same, or its page would be left with one.
    return header.type === 'page' || isNeeded(locate(digest), { packId, recordOffset, entry }) ? [entry] : [];
  });
}

/** A digest that is found nowhere, or here: not a copy that was left for a better place. */
function isNeeded(found: ChunkPlace | undefined, here: Omit<ChunkPlace, 'lengthBytes'>): boolean {
  return !found || (found.packId === here.packId && found.recordOffset === here.recordOffset && found.entry === here.entry);
}

/** The record with only the kept entries; as it stands when that is all of them. */
function contentOf(bytes: Uint8Array, record: ListedRecord, kept: readonly number[]): RecordContent | null {
  const { header, entries, recordOffset } = record;
  if (kept.length === 0) return null;
  const chunks = kept.flatMap((entry) => entries[entry] ?? []);
  if (kept.length === entries.length) {
    const payloadAt = recordOffset + payloadOffsetOf(header);
    return { type: header.type, codec: header.codec, plainLengthBytes: header.plainLengthBytes, payload: bytes.subarray(payloadAt, payloadAt + header.storedLengthBytes), chunks };
  }
  const whole = expandRecord(bytes, record);
  if (!whole) return null;
  const plain = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.lengthBytes, 0));
  let at = 0;
  for (const chunk of chunks) {
    plain.set(whole.subarray(chunk.offsetBytes, chunk.offsetBytes + chunk.lengthBytes), at);
    at += chunk.lengthBytes;
  }
  const { codec, bytes: payload } = compressChunk(plain);
  return { type: header.type, codec, plainLengthBytes: plain.length, payload, chunks };
}
