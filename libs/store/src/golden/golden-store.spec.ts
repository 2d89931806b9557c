import { readdirSync, readFileSync } from 'node:fs';
import { decodeIndexPage, encodeIndexPage, LedgerEvent, type Digest, type MachineId, type PackId, type RestorePointId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { checkStore } from '../fsck/check-store.js';
import { decodeEntry, encodeEntry } from '../ledger/ledger-entry.js';
import { decodeSegmentHeader, encodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../ledger/ledger-segment.js';
import { listRecords } from '../pack/list-records.js';
import { encodeFooter } from '../pack/pack-footer.js';
import { decodePackHeader, encodePackHeader, PACK_HEADER_BYTES } from '../pack/pack-header.js';
import { packIdOf } from '../pack/pack-paths.js';
import { encodeRecord, payloadOffsetOf, recordBytesMax, recordLengthOf } from '../pack/segment-record.js';
import { decodePointFile, encodePointFile } from '../point/point-file.js';
import { decodeStoreFile, encodeStoreFile } from '../store-file/store-file.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';

const directory = new URL('./store-1.0/', import.meta.url);
const machineId = '00112233445566778899aabbccddeeff' as MachineId;
const pointId = '680c8364e12bc4edfdd425105bd8ed65' as RestorePointId;
const storeFiles = new Map(
  readdirSync(directory).map((name) => [name.replaceAll('~', '/').replace(/\.hex$/, ''), Buffer.from(readFileSync(new URL(name, directory), 'utf8').replaceAll('\n', ''), 'hex')]),
);

function fileOf(pattern: RegExp): Buffer {
  for (const [path, bytes] of storeFiles) if (pattern.test(path)) return bytes;
  throw new Error(`no golden file ${String(pattern)}`);
}

async function goldenStore(): Promise<MemoryStoreFs> {
  const fs = new MemoryStoreFs();
  const store = fileOf(/^STORE/);
  for (const [path, bytes] of [...storeFiles, ['STORE.b', store] as const, ['STORE.c', store] as const]) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) await fs.mkdir(parts.slice(0, depth).join('/'));
    const file = await fs.open(path, 'create');
    await file.writeAt(bytes, 0);
    await file.sync();
  }
  return fs;
}

test('a store of format 1.0 opens, gives back its point and is clean', async () => {
  const fs = await goldenStore();
  const store = await openMemoryStore(fs);
  const manifest = await store.readManifest(machineId, pointId);
  expect(manifest.computerName).toBe('golden');
  const expected = Buffer.concat([seededRandom(1).bytes(4096), new Uint8Array(4096).fill(0x42), new Uint8Array(4096), seededRandom(2).bytes(4096)]);
  expect(expected.equals(await readSampleVolume(store, manifest))).toBe(true);
  const mapRoot = manifest.disks[0]?.volumes[0]?.mapRoot;
  expect(mapRoot).toBe('b545f0d6debc81b037805adb55197640f1fd68f4675117127ce5c33c857d6a2e');
  const page = await store.readPage(mapRoot as Digest);
  const { level, entries } = decodeIndexPage(page);
  expect(Buffer.compare(page, encodeIndexPage(level, entries))).toBe(0);
  await store.close();
  expect(await checkStore({ path: '(memory)', fs, locker: fs.locker, readData: true })).toMatchObject({ clean: true, findings: [], damage: [] });
});

describe('the encoders still write format 1.0', () => {
  test('STORE', () => {
    const golden = fileOf(/^STORE/);
    const content = decodeStoreFile(golden);
    expect(content).toEqual({ storeId: '48f5d34e6b2f640cea77054e38bf8f6a', major: 1, minor: 0, createdAtMs: 1_767_225_600_000, readFeatures: 0, writeFeatures: 0, repairFeatures: 0 });
    if (!isInvalid(content)) expect(golden.equals(encodeStoreFile(content))).toBe(true);
  });

  test('packs', async () => {
    const fs = await goldenStore();
    for (const path of fs.paths().filter((name) => name.endsWith('.pack'))) {
      const golden = fs.bytesOf(path);
      const packId = packIdOf(path.slice('packs/xx/'.length), '.pack') as PackId;
      const header = decodePackHeader(golden);
      if (isInvalid(header)) throw new Error(header.invalid);
      expect(golden.subarray(0, PACK_HEADER_BYTES).equals(encodePackHeader(header))).toBe(true);
      const listing = await listRecords(fs, path, packId);
      for (const { recordOffset, header: record, entries } of listing.records) {
        const bytes = golden.subarray(recordOffset, recordOffset + recordLengthOf(record));
        const payload = bytes.subarray(payloadOffsetOf(record), payloadOffsetOf(record) + record.storedLengthBytes);
        const { bytes: again } = encodeRecord(
          { type: record.type, codec: record.codec, plainLengthBytes: record.plainLengthBytes, payload, chunks: entries },
          { packId, recordNo: record.recordNo, previousHeaderCrc: record.previousHeaderCrc },
          // What the buffer held before must not show.
          new Uint8Array(recordBytesMax).fill(0xee),
        );
        expect(bytes.equals(again)).toBe(true);
      }
      const footerEntries = listing.records.map(({ recordOffset, header: record }) => ({
        recordOffset, headerAndTable: golden.subarray(recordOffset, recordOffset + payloadOffsetOf(record)),
      }));
      expect(golden.subarray(listing.recordsEnd).equals(encodeFooter(packId, listing.recordsEnd, footerEntries))).toBe(true);
    }
  });

  test('ledger', () => {
    const golden = fileOf(/^ledger/);
    const header = decodeSegmentHeader(golden);
    if (isInvalid(header)) throw new Error(header.invalid);
    expect(golden.subarray(0, SEGMENT_HEADER_BYTES).equals(encodeSegmentHeader(header))).toBe(true);
    const types: string[] = [];
    let previousHash: Digest = header.previousHash;
    for (let at = SEGMENT_HEADER_BYTES; at < golden.length; ) {
      const entry = decodeEntry(golden, at);
      if (isInvalid(entry)) throw new Error(entry.invalid);
      const event = LedgerEvent.parse(entry.event);
      types.push(event.type);
      const { bytes, hash } = encodeEntry({ seq: entry.seq, atMs: entry.atMs, previousHash, event });
      expect(golden.subarray(at, at + entry.lengthBytes).equals(bytes)).toBe(true);
      previousHash = hash;
      at += entry.lengthBytes;
    }
    expect(types).toEqual(['store.created', 'writer.takeover', 'point.committed']);
  });

  test('point', () => {
    const golden = fileOf(/^points/);
    const storeFile = decodeStoreFile(fileOf(/^STORE/));
    if (isInvalid(storeFile)) throw new Error(storeFile.invalid);
    const decoded = decodePointFile(golden, { storeId: storeFile.storeId, machineId, pointId });
    if (isInvalid(decoded)) throw new Error(decoded.invalid);
    const again = encodePointFile(storeFile.storeId, decoded.manifest);
    // Another zstd may compress otherwise; identity, name and plain length do not depend on it.
    expect(again.manifestDigest).toBe(decoded.manifestDigest);
    expect(golden.subarray(0, 100).equals(again.bytes.subarray(0, 100))).toBe(true);
  });
});
