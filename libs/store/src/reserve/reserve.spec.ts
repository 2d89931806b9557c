import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { GIB, KIB, MIB, randomHex128, type LedgerRecord, type MachineId, type RestorePointManifest } from '@lifeboat/model';
import { checkStore } from '../fsck/check-store.js';
import { openStore } from '../open-store.js';
import type { Store } from '../store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, putChunks, sampleChunk } from '../testing/sample-backup.js';
import { pieceBytesFor, reserveBytesFor } from './reserve-size.js';

const timeoutMs = 60_000;
const machineId = randomHex128(systemRandom) as MachineId;
const packBytesTarget = 256 * KIB;
const nothing = { type: 'policy.set', machineId: null, policy: null } as const;

const usedBytes = (fs: MemoryStoreFs): number => fs.paths().reduce((sum, path) => sum + fs.bytesOf(path).length, 0);
const collection = { sessions: () => [], trustedNowMs: Date.now(), quarantineMs: 0 };

async function ledgerOf(store: Store): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const record of store.readLedger(1)) records.push(record);
  return records;
}

/** A small and a large point that share nothing, and then chunks until the disk is full. */
async function fillUp(store: Store): Promise<RestorePointManifest[]> {
  const volume = (first: number, count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => sampleChunk(first + index));
  const points = [await commitVolume(store, volume(0, 100), { random: systemRandom, machineId }), await commitVolume(store, volume(1000, 1000), { random: systemRandom, machineId })];
  for (let seed = 10_000; ; seed += 256) {
    try {
      await putChunks(store, Array.from({ length: 256 }, (_, index) => sampleChunk(seed + index)));
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FULL' });
      return points;
    }
  }
}

/** What the full disk must still allow, by the letter: history, deletion, collection, and then backups again. */
async function assertWorksWhenFull(store: Store, points: readonly RestorePointManifest[]): Promise<void> {
  const [kept, gone] = points;
  if (!kept || !gone) throw new Error('two points');
  for (let event = 0; event < 20; event += 1) await store.appendLedger(nothing);
  expect((await ledgerOf(store)).filter(({ event }) => event.type === 'policy.set')).toHaveLength(20);
  await store.purgePoint(machineId, gone.pointId);
  const report = await store.collectGarbage(collection);
  expect(report.freedBytes).toBeGreaterThan(0);
  expect(await readSampleVolume(store, kept)).toHaveLength(100 * 4096);
  // The collection gave the space back and refilled the reserve; content is taken again.
  await commitVolume(store, Array.from({ length: 20 }, (_, index) => sampleChunk(5000 + index)), { random: systemRandom, machineId });
}

test.each([
  { sizeBytes: 64 * MIB, expected: 4 * MIB },
  { sizeBytes: 2 * GIB, expected: 64 * MIB },
  { sizeBytes: 100 * GIB, expected: Math.floor(2 * GIB) },
  { sizeBytes: 10_000 * GIB, expected: 4 * GIB },
])('a store of $sizeBytes bytes keeps back $expected', ({ sizeBytes, expected }) => {
  expect(reserveBytesFor(sizeBytes)).toBe(expected);
  expect(expected / pieceBytesFor(expected)).toBeGreaterThanOrEqual(16);
});

describe('a store on a disk that is full to the last byte', () => {
  const reserveBytes = 2 * MIB;

  test('writes its ledger, deletes, collects, and goes on', async () => {
    const fs = new MemoryStoreFs();
    fs.capacityBytes = 8 * MIB;
    const store = await openMemoryStore(fs, { reserveBytes, packBytesTarget });
    await store.fillReserve();
    expect(await store.stats()).toMatchObject({ reserveBytes, inodesTotal: 1_000_000 });
    const points = await fillUp(store);
    fs.capacityBytes = usedBytes(fs);
    expect((await store.stats()).freeBytes).toBe(0);
    await assertWorksWhenFull(store, points);
    expect((await store.stats()).reserveBytes).toBe(reserveBytes);
    await store.close();
    expect(await checkStore({ path: '(memory)', fs, locker: fs.locker, readData: true })).toMatchObject({ clean: true, damage: [] });
  }, timeoutMs);

  test('takes no content as long as pieces are missing, and does again when there is space', async () => {
    const fs = new MemoryStoreFs();
    fs.capacityBytes = 8 * MIB;
    const store = await openMemoryStore(fs, { reserveBytes, packBytesTarget });
    await store.fillReserve();
    await fillUp(store);
    fs.capacityBytes = usedBytes(fs);
    await store.appendLedger(nothing);
    expect((await store.stats()).freeBytes).toBeGreaterThan(0);
    await expect(putChunks(store, [sampleChunk(1_000_000)])).rejects.toMatchObject({ code: 'STORE_FULL' });
    fs.capacityBytes = 16 * MIB;
    await putChunks(store, [sampleChunk(1_000_000)]);
    await store.fillReserve();
    expect((await store.stats()).reserveBytes).toBe(reserveBytes);
    await store.close();
  }, timeoutMs);

  test('whose every operation may find no space leaves a clean ledger behind', async () => {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await store.appendLedger(nothing);
    await store.close();
    for (let missing = 0; missing < 1500; missing += 37) {
      const left = fs.copy();
      left.capacityBytes = usedBytes(left) + missing;
      const again = await openMemoryStore(left);
      let appended = 0;
      while (await again.appendLedger(nothing).then(() => true, () => false)) appended += 1;
      left.capacityBytes = Number.POSITIVE_INFINITY;
      await again.appendLedger(nothing);
      expect((await ledgerOf(again)).filter(({ event }) => event.type === 'policy.set')).toHaveLength(appended + 2);
      await again.close();
      const report = await checkStore({ path: '(memory)', fs: left, locker: left.locker, readData: false });
      expect(report.findings).toEqual([]);
    }
  });
});

test('the reserve shrinks and grows with its setting, and a crash while it is written costs nothing', async () => {
  const fs = new MemoryStoreFs();
  for (const reserveBytes of [4 * MIB, 1 * MIB, 3 * MIB, 0]) {
    const store = await openMemoryStore(fs, { reserveBytes });
    await store.fillReserve();
    expect((await store.stats()).reserveBytes).toBe(reserveBytes);
    await store.close();
  }
  for (let dieBefore = 40; dieBefore < 140; dieBefore += 3) {
    const broken = new MemoryStoreFs();
    broken.dieBefore = dieBefore;
    await openMemoryStore(broken, { reserveBytes: MIB }).then((store) => store.fillReserve()).catch(() => undefined);
    const store = await openMemoryStore(broken.crash('kill'), { reserveBytes: MIB });
    await store.fillReserve();
    expect((await store.stats()).reserveBytes).toBe(MIB);
    await store.close();
  }
});

// Mounting needs the rights of root, which the build machine's user has and a developer's may lack.
(process.getuid?.() === 0 ? describe : describe.skip)('on a real disk of 64 MiB', () => {
  let path: string;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'lifeboat-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=700', 'tmpfs', path]);
  });
  afterEach(async () => {
    execFileSync('umount', ['--lazy', path]);
    await rm(path, { recursive: true });
  });

  test('a full store writes its ledger, deletes, collects, and goes on', async () => {
    const { blocks, bsize } = await statfs(path);
    const store = await openStore({ path: join(path, 'store'), clock: systemClock, random: systemRandom, packBytesTarget, reserveBytes: reserveBytesFor(blocks * bsize) });
    await store.fillReserve();
    const points = await fillUp(store);
    // Whatever is left belongs to somebody else.
    await writeFile(join(path, 'other'), Buffer.alloc(64 * MIB, 1)).catch(() => undefined);
    expect((await store.stats()).freeBytes).toBe(0);
    await assertWorksWhenFull(store, points);
    await store.close();
    expect(await checkStore({ path: join(path, 'store'), readData: true })).toMatchObject({ clean: true, damage: [] });
  }, timeoutMs);
});
