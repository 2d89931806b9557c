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
import type { Store } from '../store.js';
import { readSampleVolume } from '../testing/read-volume.js';

const machineId = '00112233445566778899aabbccddeeff' as MachineId;
const storeId = '48f5d34e6b2f640cea77054e38bf8f6a';
const goldenStores = [
  { version: '1.0', pointId: '680c8364e12bc4edfdd425105bd8ed65' as RestorePointId, store: { minor: 0, writeFeatures: 0 }, twins: [] as const },
  { version: '1.1', pointId: '62bf33fc85473deabb969d48a6f1394b' as RestorePointId, store: { minor: 1, writeFeatures: 1 }, twins: ['ledger', 'points'] as const },
].map((golden) => ({ ...golden, files: readFiles(golden.version) }));
type GoldenStore = (typeof goldenStores)[number];

function readFiles(version: string): ReadonlyMap<string, Buffer> {
  const directory = new URL(`./store-${version}/`, import.meta.url);
  return new Map(
    readdirSync(directory).map((name) => [name.replaceAll('~', '/').replace(/\.hex$/, ''), Buffer.from(readFileSync(new URL(name, directory), 'utf8').replaceAll('\n', ''), 'hex')]),
  );
}

function fileOf({ files }: GoldenStore, pattern: RegExp): Buffer {
  for (const [path, bytes] of files) if (pattern.test(path)) return bytes;
  throw new Error(`no golden file ${String(pattern)}`);
}

/** All files of a golden store, with the equal ones that the fixture holds once. */
async function layOut(golden: GoldenStore): Promise<MemoryStoreFs> {
  const fs = new MemoryStoreFs();
  const store = fileOf(golden, /^STORE/);
  const twins = golden.twins.flatMap((name) => [...golden.files].filter(([path]) => path.startsWith(`${name}/`)).map(([path, bytes]) => [path.replace(name, `${name}-mirror`), bytes] as const));
  for (const [path, bytes] of [...golden.files, ['STORE.b', store] as const, ['STORE.c', store] as const, ...twins]) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) await fs.mkdir(parts.slice(0, depth).join('/'));
    const file = await fs.open(path, 'create');
    await file.writeAt(bytes, 0);
    await file.sync();
  }
  return fs;
}

async function assertGivesBackItsPoint(store: Store, pointId: RestorePointId): Promise<void> {
  const manifest = await store.readManifest(machineId, pointId);
  expect(manifest.computerName).toBe('golden');
  const expected = Buffer.concat([seededRandom(1).bytes(4096), new Uint8Array(4096).fill(0x42), new Uint8Array(4096), seededRandom(2).bytes(4096)]);
  expect(expected.equals(await readSampleVolume(store, manifest))).toBe(true);
  const mapRoot = manifest.disks[0]?.volumes[0]?.mapRoot;
  expect(mapRoot).toBe('b545f0d6debc81b037805adb55197640f1fd68f4675117127ce5c33c857d6a2e');
  const page = await store.readPage(mapRoot as Digest);
  const { level, entries } = decodeIndexPage(page);
  expect(Buffer.compare(page, encodeIndexPage(level, entries))).toBe(0);
}

describe.each(goldenStores)('a store of format $version', (golden) => {
  test('is clean as it is, opens, gives back its point and is clean afterwards', async () => {
    const fs = await layOut(golden);
    const check = { path: '(memory)', fs, locker: fs.locker, readData: true };
    expect(await checkStore(check)).toMatchObject({ clean: true, damage: [] });
    const store = await openMemoryStore(fs);
    await assertGivesBackItsPoint(store, golden.pointId);
    await store.close();
    expect(await checkStore(check)).toMatchObject({ clean: true, damage: [] });
    expect(fs.paths().filter((path) => /^(ledger|points)-mirror/.test(path)).map((path) => fs.bytesOf(path).equals(fs.bytesOf(path.replace('-mirror', ''))))).toEqual([true, true, true]);
    expect(decodeStoreFile(fs.bytesOf('STORE.b'))).toMatchObject({ minor: 1, writeFeatures: 1 });
  });

  test('opens for reading only without a change', async () => {
    const fs = await layOut(golden);
    const before = fs.paths().map((path) => [path, fs.bytesOf(path)]);
    const store = await openMemoryStore(fs, { readOnly: true });
    await assertGivesBackItsPoint(store, golden.pointId);
    await store.close();
    expect(fs.paths().map((path) => [path, fs.bytesOf(path)])).toEqual(before);
  });
});

test('a store of format 1.0 that is upgraded stays whole whenever the upgrade dies, and with its disk full', async () => {
  const [old] = goldenStores;
  if (!old) throw new Error('no golden store');
  for (let dieBefore = 1; ; dieBefore += 1) {
    const fs = (await layOut(old)).copy();
    fs.operations = 0;
    fs.dieBefore = dieBefore;
    const opened = await openMemoryStore(fs).then((store) => store.close().then(() => true), () => false);
    const random = seededRandom(dieBefore);
    const left = fs.crash(dieBefore % 2 === 0 ? 'kill' : 'power', (count) => random.next(count));
    const store = await openMemoryStore(left);
    await assertGivesBackItsPoint(store, old.pointId);
    await store.close();
    expect(await checkStore({ path: '(memory)', fs: left, locker: left.locker, readData: true })).toMatchObject({ clean: true, damage: [] });
    if (opened) break;
  }
  const full = (await layOut(old)).copy();
  full.capacityBytes = 0;
  const store = await openMemoryStore(full);
  await assertGivesBackItsPoint(store, old.pointId);
  await store.close();
}, 60_000);

describe.each(goldenStores)('the encoders still write format $version', (golden) => {
  test('STORE', () => {
    const bytes = fileOf(golden, /^STORE/);
    const content = decodeStoreFile(bytes);
    expect(content).toEqual({ storeId, major: 1, ...golden.store, createdAtMs: 1_767_225_600_000, readFeatures: 0, repairFeatures: 0 });
    if (!isInvalid(content)) expect(bytes.equals(encodeStoreFile(content))).toBe(true);
  });

  test('packs', async () => {
    const fs = await layOut(golden);
    for (const path of fs.paths().filter((name) => name.endsWith('.pack'))) {
      const bytesOfPack = fs.bytesOf(path);
      const packId = packIdOf(path.slice('packs/xx/'.length), '.pack') as PackId;
      const header = decodePackHeader(bytesOfPack);
      if (isInvalid(header)) throw new Error(header.invalid);
      expect(bytesOfPack.subarray(0, PACK_HEADER_BYTES).equals(encodePackHeader(header))).toBe(true);
      const listing = await listRecords(fs, path, packId);
      for (const { recordOffset, header: record, entries } of listing.records) {
        const bytes = bytesOfPack.subarray(recordOffset, recordOffset + recordLengthOf(record));
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
        recordOffset, headerAndTable: bytesOfPack.subarray(recordOffset, recordOffset + payloadOffsetOf(record)),
      }));
      expect(bytesOfPack.subarray(listing.recordsEnd).equals(encodeFooter(packId, listing.recordsEnd, footerEntries))).toBe(true);
    }
  });

  test('ledger', () => {
    const segment = fileOf(golden, /^ledger/);
    const header = decodeSegmentHeader(segment);
    if (isInvalid(header)) throw new Error(header.invalid);
    expect(segment.subarray(0, SEGMENT_HEADER_BYTES).equals(encodeSegmentHeader(header))).toBe(true);
    const types: string[] = [];
    let previousHash: Digest = header.previousHash;
    for (let at = SEGMENT_HEADER_BYTES; at < segment.length; ) {
      const entry = decodeEntry(segment, at);
      if (isInvalid(entry)) throw new Error(entry.invalid);
      const event = LedgerEvent.parse(entry.event);
      types.push(event.type);
      const { bytes, hash } = encodeEntry({ seq: entry.seq, atMs: entry.atMs, previousHash, event });
      expect(segment.subarray(at, at + entry.lengthBytes).equals(bytes)).toBe(true);
      previousHash = hash;
      at += entry.lengthBytes;
    }
    expect(types).toEqual(['store.created', 'writer.takeover', 'point.committed']);
  });

  test('point', () => {
    const file = fileOf(golden, /^points/);
    const storeFile = decodeStoreFile(fileOf(golden, /^STORE/));
    if (isInvalid(storeFile)) throw new Error(storeFile.invalid);
    const decoded = decodePointFile(file, { storeId: storeFile.storeId, machineId, pointId: golden.pointId });
    if (isInvalid(decoded)) throw new Error(decoded.invalid);
    const again = encodePointFile(storeFile.storeId, decoded.manifest);
    // Another zstd may compress otherwise; identity, name and plain length do not depend on it.
    expect(again.manifestDigest).toBe(decoded.manifestDigest);
    expect(file.subarray(0, 100).equals(again.bytes.subarray(0, 100))).toBe(true);
  });
});
