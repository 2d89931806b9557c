import { digestOf, systemRandom } from '@lifeboat/codec';
import { randomHex128, type MachineId } from '@lifeboat/model';
import { checkStore } from './fsck/check-store.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { openMemoryStore } from './testing/memory-store.js';
import { readSampleVolume } from './testing/read-volume.js';
import { commitVolume, putChunks, sampleChunk } from './testing/sample-backup.js';

const machineId = randomHex128(systemRandom) as MachineId;
const packBytesTarget = 24 * 1024;

describe('after a sync that failed', () => {
  test('nothing of its group is acknowledged, nothing is written any more, reading goes on', async () => {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await putChunks(store, [sampleChunk(1)]);
    await store.flush();
    await putChunks(store, [sampleChunk(2)]);
    let fail = true;
    fs.faults = (operation, path) => (fail && operation === 'sync' && path.startsWith('open/') ? 'EIO' : undefined);
    const other = store.flush();
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_READ_ONLY', retry: 'later' });
    await expect(other).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    // The second attempt would succeed, and prove nothing.
    fail = false;
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await expect(putChunks(store, [sampleChunk(3)])).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await expect(store.appendLedger({ type: 'policy.set', machineId: null, policy: null })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    expect(digestOf(await store.readChunk(digestOf(sampleChunk(1))))).toBe(digestOf(sampleChunk(1)));
    await store.close();
    const again = await openMemoryStore(fs);
    expect(again.has(digestOf(sampleChunk(1)))).toBe(true);
    await putChunks(again, [sampleChunk(3)]);
    await again.flush();
    await again.close();
  });

  test('even when the system words it as lack of space', async () => {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await putChunks(store, [sampleChunk(1)]);
    fs.faults = (operation, path) => (operation === 'sync' && path.startsWith('open/') ? 'ENOSPC' : undefined);
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await store.close();
  });
});

test('a disk that is full at any point of a backup only delays it', async () => {
  const volume = Array.from({ length: 24 }, (_, seed) => sampleChunk(seed));
  const expected = Buffer.concat(volume);
  const whole = new MemoryStoreFs();
  const store = await openMemoryStore(whole, { packBytesTarget, makesParity: false });
  const emptyBytes = usedBytes(whole);
  await commitVolume(store, volume, { random: systemRandom, machineId });
  await store.close();
  for (let capacityBytes = emptyBytes; capacityBytes < usedBytes(whole) + 2048; capacityBytes += 1111) {
    const fs = new MemoryStoreFs();
    const full = await openMemoryStore(fs, { packBytesTarget, makesParity: false });
    fs.capacityBytes = capacityBytes;
    const failure = await commitVolume(full, volume, { random: systemRandom, machineId }).then(() => undefined, (error: unknown) => error);
    if (failure !== undefined) expect(failure).toMatchObject({ code: 'STORE_FULL', retry: 'later' });
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    const manifest = await commitVolume(full, volume, { random: systemRandom, machineId });
    expect(expected.equals(await readSampleVolume(full, manifest))).toBe(true);
    await full.close();
    expect(await checkStore({ path: '(memory)', fs, locker: fs.locker, readData: true })).toMatchObject({ clean: true, damage: [] });
  }
}, 60_000);

test('a store on a full disk opens and restores', async () => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  const manifest = await commitVolume(store, [sampleChunk(1), sampleChunk(2)], { random: systemRandom, machineId });
  const left = fs.crash('kill');
  left.capacityBytes = usedBytes(left);
  const again = await openMemoryStore(left);
  expect(Buffer.concat([sampleChunk(1), sampleChunk(2)]).equals(await readSampleVolume(again, manifest))).toBe(true);
  await expect(putChunks(again, [sampleChunk(3)])).rejects.toMatchObject({ code: 'STORE_FULL' });
  await expect(again.appendLedger({ type: 'policy.set', machineId: null, policy: null })).rejects.toMatchObject({ code: 'STORE_FULL' });
  left.capacityBytes = Number.POSITIVE_INFINITY;
  await putChunks(again, [sampleChunk(3)]);
  await again.appendLedger({ type: 'policy.set', machineId: null, policy: null });
  await again.close();
  const last = await openMemoryStore(left);
  expect(Buffer.concat([sampleChunk(1), sampleChunk(2)]).equals(await readSampleVolume(last, manifest))).toBe(true);
  await last.close();
  expect(await checkStore({ path: '(memory)', fs: left, locker: left.locker, readData: true })).toMatchObject({ clean: true });
});

test('a second owner that the lock did not keep out ends the writing of the first', async () => {
  const fs = new MemoryStoreFs();
  const first = await openMemoryStore(fs);
  const second = await openMemoryStore(fs, { locker: () => Promise.resolve({ release: () => Promise.resolve() }) });
  await expect(first.appendLedger({ type: 'policy.set', machineId: null, policy: null })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  await second.appendLedger({ type: 'policy.set', machineId: null, policy: null });
  await second.close();
  await first.close();
});

test.each([
  { name: 'two copies gone', break: (fs: MemoryStoreFs) => Promise.all([fs.unlink('STORE.a'), fs.unlink('STORE.c')]) },
  { name: 'two copies rotten', break: (fs: MemoryStoreFs) => Promise.resolve(['STORE.a', 'STORE.b'].map((path) => { fs.corrupt(path, (bytes) => { bytes[20] = 0xee; }); })) },
])('STORE with $name is put right from the third', async ({ break: damage }) => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  await store.close();
  await damage(fs);
  const again = await openMemoryStore(fs);
  expect(again.storeId).toBe(store.storeId);
  await again.close();
  expect(await checkStore({ path: '(memory)', fs, locker: fs.locker, readData: true })).toMatchObject({ clean: true });
});

test.each([
  { name: 'all copies gone', files: ['STORE.a', 'STORE.b', 'STORE.c'], code: 'STORE_FILE_DAMAGED' },
  { name: 'a ledger lost twice', files: ['ledger/0000000000000001.led', 'ledger-mirror/0000000000000001.led'], code: 'LEDGER_CORRUPT' },
])('a store with $name is refused and left as it is', async ({ files, code }) => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  await commitVolume(store, [sampleChunk(1)], { random: systemRandom, machineId });
  await store.close();
  for (const file of files) await fs.unlink(file);
  const before = fs.paths();
  await expect(openMemoryStore(fs)).rejects.toMatchObject({ code });
  expect(fs.paths()).toEqual(before);
});

test('a ledger record that rotted in both copies is corruption, also the last one', async () => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  for (let event = 0; event < 3; event += 1) await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
  await store.close();
  const length = fs.bytesOf('ledger/0000000000000001.led').length;
  for (let at = 0; at < length; at += 5) {
    const copy = fs.copy();
    for (const directory of ['ledger', 'ledger-mirror']) copy.corrupt(`${directory}/0000000000000001.led`, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 0x21; });
    const before = copy.paths();
    await expect(openMemoryStore(copy)).rejects.toMatchObject({ code: 'LEDGER_CORRUPT', details: { file: 'ledger/0000000000000001.led' } });
    expect(copy.paths()).toEqual(before);
  }
});

test('a newer format and an unknown mandatory feature are refused', async () => {
  const { encodeStoreFile, decodeStoreFile } = await import('./store-file/store-file.js');
  for (const newer of [{ major: 2 }, { readFeatures: 1 }, { writeFeatures: 4 }, { repairFeatures: 1 }]) {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await store.close();
    for (const name of ['STORE.a', 'STORE.b', 'STORE.c']) {
      fs.corrupt(name, (bytes) => {
        const content = decodeStoreFile(bytes);
        if ('storeId' in content) bytes.set(encodeStoreFile({ ...content, ...newer }));
      });
    }
    await expect(openMemoryStore(fs)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER' });
  }
});

function usedBytes(fs: MemoryStoreFs): number {
  return fs.paths().reduce((sum, path) => sum + fs.bytesOf(path).length, 0);
}
