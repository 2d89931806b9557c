import { digestOf, systemRandom } from '@lifeboat/codec';
import { randomHex128, type LedgerRecord, type MachineId, type RestorePointManifest } from '@lifeboat/model';
import { checkStore } from './fsck/check-store.js';
import type { Store } from './store.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { openMemoryStore } from './testing/memory-store.js';
import { readSampleVolume } from './testing/read-volume.js';
import { commitVolume, putVolume, sampleChunk } from './testing/sample-backup.js';

const machineId = randomHex128(systemRandom) as MachineId;
const timeoutMs = 120_000;
const volume = [1, 2, 3].map((seed) => sampleChunk(seed));
const segment = 'ledger/0000000000000001.led';
const segmentTwin = 'ledger-mirror/0000000000000001.led';

async function ledgerOf(store: Store): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const record of store.readLedger(1)) records.push(record);
  return records;
}

/** A store with one point and some ledger records, closed. */
async function buildStore(): Promise<{ fs: MemoryStoreFs; manifest: RestorePointManifest; records: LedgerRecord[] }> {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  const manifest = await commitVolume(store, volume, { random: systemRandom, machineId });
  for (let event = 0; event < 3; event += 1) await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
  const records = await ledgerOf(store);
  await store.close();
  return { fs, manifest, records };
}

const check = (fs: MemoryStoreFs): ReturnType<typeof checkStore> => checkStore({ path: '(memory)', fs, locker: fs.locker, readData: true });

/** Opens the store, checks that nothing of it is lost, and that the next check finds both copies of everything whole. */
async function assertHealed(fs: MemoryStoreFs, built: Awaited<ReturnType<typeof buildStore>>): Promise<void> {
  const store = await openMemoryStore(fs);
  expect((await ledgerOf(store)).slice(0, built.records.length)).toEqual(built.records);
  expect(await store.readManifest(machineId, built.manifest.pointId)).toEqual(built.manifest);
  expect(Buffer.concat(volume).equals(await readSampleVolume(store, built.manifest))).toBe(true);
  await store.verifyTwins();
  await store.close();
  expect((await check(fs)).findings.filter(({ severity }) => severity === 'damage')).toEqual([]);
}

const ledgerAndPoints = (fs: MemoryStoreFs): string[] => fs.paths().filter((path) => /^(ledger|points)/.test(path));

describe('ledger and points', () => {
  test('survive a changed byte anywhere in either copy, and keep the damaged original', async () => {
    const built = await buildStore();
    for (const path of ledgerAndPoints(built.fs)) {
      const original = built.fs.bytesOf(path);
      for (let at = 0; at < original.length; at += 7) {
        const fs = built.fs.copy();
        fs.corrupt(path, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 0x11; });
        const rotten = fs.bytesOf(path);
        await assertHealed(fs, built);
        expect(fs.bytesOf(path).equals(original)).toBe(true);
        expect(fs.paths().filter((name) => name.startsWith('quarantine/')).map((name) => fs.bytesOf(name).equals(rotten))).toEqual([true]);
      }
    }
  }, timeoutMs);

  test('survive the loss of any one file, and cuts and bursts in it', async () => {
    const built = await buildStore();
    const bursts: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes.subarray(0, bytes.length >> 1), () => Buffer.alloc(0), (bytes) => bytes.fill(0, 10, bytes.length - 10),
    ];
    for (const path of ledgerAndPoints(built.fs)) {
      const lost = built.fs.copy();
      await lost.unlink(path);
      await assertHealed(lost, built);
      for (const burst of bursts) {
        const fs = built.fs.copy();
        const bytes = burst(fs.bytesOf(path));
        await fs.unlink(path);
        const file = await fs.open(path, 'create');
        if (bytes.length > 0) await file.writeAt(bytes, 0);
        await assertHealed(fs, built);
      }
    }
  }, timeoutMs);

  test('damaged at different places in both copies of the ledger are put together', async () => {
    const built = await buildStore();
    const { length } = built.fs.bytesOf(segment);
    for (let at = 0; at + 200 < length; at += 40) {
      const fs = built.fs.copy();
      fs.corrupt(segment, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 1; });
      // Records are shorter than the distance, so that no record is hit twice.
      fs.corrupt(segmentTwin, (bytes) => { bytes[length - 1 - (at % 100)] = 0xaa; });
      if (length - 100 < at + 200) continue;
      await assertHealed(fs, built);
    }
  });

  test('that the disk refuses to read are read from the other copy', async () => {
    const built = await buildStore();
    for (const path of ledgerAndPoints(built.fs)) {
      const fs = built.fs.copy();
      fs.faults = (operation, name) => (operation === 'read' && name === path ? 'EIO' : undefined);
      const store = await openMemoryStore(fs);
      expect((await ledgerOf(store)).slice(0, built.records.length)).toEqual(built.records);
      expect(await store.readManifest(machineId, built.manifest.pointId)).toEqual(built.manifest);
      await store.close();
    }
  });

  test('that rot while the store is open are served and repaired, also in the segment being written', async () => {
    const built = await buildStore();
    const store = await openMemoryStore(built.fs);
    await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
    const before = await ledgerOf(store);
    for (const path of ['ledger/0000000000000001.led', built.fs.paths().filter((name) => name.startsWith('ledger/')).at(-1) ?? '']) {
      built.fs.corrupt(path, (bytes) => { bytes[150] = (bytes[150] ?? 0) ^ 1; });
      const rotten = built.fs.bytesOf(path);
      expect(await ledgerOf(store)).toEqual(before);
      expect(built.fs.bytesOf(path).equals(rotten)).toBe(false);
    }
    const appended = await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
    expect(appended.seq).toBe((before.at(-1)?.seq ?? 0) + 1);
    expect(await ledgerOf(store)).toEqual([...before, appended]);
    const point = `points/${machineId}/${built.manifest.pointId}.point`;
    built.fs.corrupt(point, (bytes) => bytes.fill(0x33));
    expect(await store.readManifest(machineId, built.manifest.pointId)).toEqual(built.manifest);
    expect(built.fs.bytesOf(point).equals(built.fs.bytesOf(point.replace('points', 'points-mirror')))).toBe(true);
    await store.close();
    expect((await check(built.fs)).clean).toBe(true);
  });

  test('whose repair finds no space are served all the same', async () => {
    const built = await buildStore();
    await built.fs.unlink(segment);
    await built.fs.unlink(`points/${machineId}/${built.manifest.pointId}.point`);
    built.fs.capacityBytes = 0;
    const store = await openMemoryStore(built.fs);
    expect(await store.readManifest(machineId, built.manifest.pointId)).toEqual(built.manifest);
    await store.close();
    built.fs.capacityBytes = Number.POSITIVE_INFINITY;
    await assertHealed(built.fs, built);
  });
});

test('a store of which a crash came between the two writes of a ledger record has the record in both copies after a start', async () => {
  const built = await buildStore();
  const store = await openMemoryStore(built.fs);
  const before = await ledgerOf(store);
  const current = built.fs.paths().filter((name) => name.startsWith('ledger/')).at(-1) ?? '';
  for (const behind of [current, current.replace('ledger/', 'ledger-mirror/')]) {
    for (let cut = 0; cut <= built.fs.bytesOf(behind).length - 128; cut += 11) {
      const left = built.fs.copy();
      left.corrupt(behind, () => undefined);
      const file = await left.open(behind, 'write');
      await file.truncate(left.bytesOf(behind).length - cut);
      await file.sync();
      const again = await openMemoryStore(left);
      expect((await ledgerOf(again)).slice(0, before.length)).toEqual(before);
      expect(left.bytesOf(current).equals(left.bytesOf(current.replace('ledger/', 'ledger-mirror/')))).toBe(true);
      await again.close();
      expect(left.paths().filter((name) => name.startsWith('quarantine/'))).toEqual([]);
      expect((await check(left)).clean).toBe(true);
    }
  }
  await store.close();
});

describe('index pages', () => {
  const metaPacks = (fs: MemoryStoreFs): string[] => fs.paths().filter((path) => /\.(pack|open)$/.test(path) && fs.bytesOf(path)[48] === 2);
  const places = (fs: MemoryStoreFs, path: string): number[] => Array.from({ length: 60 }, (_, index) => (index < 30 ? 4096 + index * 8 : Math.floor((index / 60) * fs.bytesOf(path).length)));

  test('lie in two packs that share no page twice', async () => {
    const { fs } = await buildStore();
    expect(metaPacks(fs)).toHaveLength(2);
    const [first = '', second = ''] = metaPacks(fs);
    expect(fs.bytesOf(first).length).toBe(fs.bytesOf(second).length);
  });

  test('are read and recovered when either pack rots or vanishes while it is being written', async () => {
    const fs = new MemoryStoreFs();
    const writing = await openMemoryStore(fs);
    const manifest = await commitVolume(writing, volume, { random: systemRandom, machineId });
    const left = fs.crash('kill');
    expect(metaPacks(left)).toHaveLength(2);
    for (const path of metaPacks(left)) {
      for (const at of [...places(left, path), -1]) {
        const copy = left.copy();
        if (at < 0) await copy.unlink(path);
        else copy.corrupt(path, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 0x40; });
        const store = await openMemoryStore(copy);
        expect(Buffer.concat(volume).equals(await readSampleVolume(store, manifest))).toBe(true);
        await store.close();
      }
    }
  });

  test('are served from the other pack while both are open', async () => {
    for (const index of [0, 1]) {
      const fs = new MemoryStoreFs();
      const store = await openMemoryStore(fs);
      const mapRoot = await putVolume(store, volume);
      await store.flush();
      fs.corrupt(metaPacks(fs)[index] ?? '', (bytes) => bytes.fill(0, 4096));
      expect(digestOf(await store.readPage(mapRoot))).toBe(mapRoot);
      await store.close();
    }
  });

  test('of which one copy rotted are no loss to a check', async () => {
    const { fs } = await buildStore();
    for (const path of metaPacks(fs)) {
      for (const at of places(fs, path)) {
        const copy = fs.copy();
        copy.corrupt(path, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 0x40; });
        for (const readData of [false, true]) expect(await checkStore({ path: '(memory)', fs: copy, locker: copy.locker, readData })).toMatchObject({ damage: [], affectedPoints: 0 });
      }
    }
    const [first = '', second = ''] = metaPacks(fs);
    for (const path of [first, second]) fs.corrupt(path, (bytes) => { bytes[4300] = (bytes[4300] ?? 0) ^ 1; });
    expect((await check(fs)).damage).toMatchObject([{ structure: 'page' }]);
  });
});

describe('a store whose ledger has a hole in both copies', () => {
  test('opens for reading only, gives back its points and takes nothing', async () => {
    const built = await buildStore();
    for (const path of [segment, segmentTwin]) built.fs.corrupt(path, (bytes) => bytes.fill(0x55, 130, 180));
    await expect(openMemoryStore(built.fs)).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
    const before = built.fs.paths().map((path) => [path, built.fs.bytesOf(path)]);
    const store = await openMemoryStore(built.fs, { readOnly: true });
    const records = await ledgerOf(store);
    expect(records).toEqual(built.records.slice(1));
    const manifest = await store.readManifest(machineId, built.manifest.pointId);
    expect(Buffer.concat(volume).equals(await readSampleVolume(store, manifest))).toBe(true);
    const writes = [
      () => store.putSegment({ chunks: [{ digest: digestOf(sampleChunk(9)), lengthBytes: 4096 }], codec: 'raw', plain: sampleChunk(9), payload: sampleChunk(9) }),
      () => store.appendLedger({ type: 'policy.set', machineId: null, policy: null }), () => store.commitPoint({ ...manifest, pointId: 'ab'.repeat(16) as typeof manifest.pointId }),
      () => store.purgePoint(machineId, manifest.pointId), () => store.flush(), () => store.fillReserve(),
      () => store.collectGarbage({ sessions: () => [], trustedNowMs: 0, quarantineMs: 0 }),
    ];
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    expect(await store.verifyTwins()).toMatchObject({ damaged: 1, repaired: 0 });
    await store.close();
    expect(built.fs.paths().map((path) => [path, built.fs.bytesOf(path)])).toEqual(before);
  });

  test('a store that needs an unknown feature of writing is read all the same', async () => {
    const built = await buildStore();
    const { decodeStoreFile, encodeStoreFile } = await import('./store-file/store-file.js');
    for (const name of ['STORE.a', 'STORE.b', 'STORE.c']) {
      built.fs.corrupt(name, (bytes) => {
        const content = decodeStoreFile(bytes);
        if ('storeId' in content) bytes.set(encodeStoreFile({ ...content, writeFeatures: 9 }));
      });
    }
    await expect(openMemoryStore(built.fs)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER' });
    const store = await openMemoryStore(built.fs, { readOnly: true });
    expect(await store.readManifest(machineId, built.manifest.pointId)).toEqual(built.manifest);
    await store.close();
  });
});
