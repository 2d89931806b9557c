import { mkdtemp, open as openFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, systemClock, systemRandom } from '@lifeboat/codec';
import { days, KIB, type LedgerRecord } from '@lifeboat/model';
import { openStore } from '../open-store.js';
import type { Store } from '../store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { putChunks, sampleChunk } from '../testing/sample-backup.js';

const digestAt = (seed: number): ReturnType<typeof digestOf> => digestOf(sampleChunk(seed));

interface Setup {
  fs: MemoryStoreFs;
  store: Store;
  /** Wall clock of the store. */
  clock: { nowMs: number };
}

let seed = 0;
async function reopen(fs: MemoryStoreFs, clock: { nowMs: number }, options = {}): Promise<Store> {
  seed += 1;
  return openMemoryStore(fs, { random: seededRandom(seed), packBytesTarget: 20 * KIB, clock: { ...systemClock, nowMs: () => clock.nowMs }, ...options });
}

/** Five sealed packs with parity, each begun a day after the one before. */
async function fivePacks(): Promise<Setup> {
  const fs = new MemoryStoreFs();
  const clock = { nowMs: days(1000) };
  let store = await reopen(fs, clock);
  for (let pack = 0; pack < 5; pack += 1) {
    clock.nowMs = days(1000 + pack);
    await putChunks(store, Array.from({ length: 8 }, (_, chunk) => sampleChunk(pack * 10 + chunk)));
    await store.flush();
    await store.close();
    store = await reopen(fs, clock);
  }
  return { fs, store, clock };
}

const packsOf = (fs: MemoryStoreFs): string[] => fs.paths().filter((path) => path.startsWith('packs/') && path.endsWith('.pack'));

async function scrubbed(store: Store): Promise<string[][]> {
  const found: LedgerRecord[] = [];
  for await (const record of store.readLedger(1)) found.push(record);
  return found.flatMap(({ event }) => (event.type === 'packs.scrubbed' ? [event.packIds] : []));
}

test('reads what is due, oldest first, once within its deadline', async () => {
  const { fs, store, clock } = await fivePacks();
  const nowMs = days(1024) + 5_000_000;
  clock.nowMs = nowMs;
  // Three quarters of 30 days have passed since the first two packs were begun.
  expect(await store.scrub({ nowMs })).toMatchObject({ packsRead: 2, damagedPacks: 0, oldestUnscrubbedAtMs: days(1002) });
  expect(await store.scrub({ nowMs })).toMatchObject({ packsRead: 0 });
  expect(await store.scrub({ nowMs, deadlineMs: days(8) })).toMatchObject({ packsRead: 3, oldestUnscrubbedAtMs: nowMs });
  clock.nowMs = nowMs + days(23);
  expect(await store.scrub({ nowMs: clock.nowMs, packs: 'all' })).toMatchObject({ packsRead: 5, oldestUnscrubbedAtMs: clock.nowMs });
  expect((await scrubbed(store)).map((ids) => ids.length)).toEqual([2, 3, 5]);
  await store.close();
  const again = await reopen(fs, clock);
  expect(await again.scrub({ nowMs: clock.nowMs })).toMatchObject({ packsRead: 0, oldestUnscrubbedAtMs: clock.nowMs });
  // A clock that once was in the future does not spare packs from being read.
  expect(await again.scrub({ nowMs: nowMs - days(10) })).toMatchObject({ packsRead: 5 });
  await again.close();
});

test('goes on where it was ended', async () => {
  const { store } = await fivePacks();
  const ending = new AbortController();
  const nowMs = days(1100);
  const first = await store.scrub({ nowMs, signal: ending.signal, onProgress: ({ packsDone, packsTotal }) => { if (packsDone === 2) ending.abort(); expect(packsTotal).toBe(5); } });
  expect(first).toMatchObject({ complete: false, packsRead: 2 });
  expect((await scrubbed(store)).flat().length).toBe(2);
  await store.close();
});

test('asks for leave between packs and keeps to a rate', async () => {
  const { fs, clock } = await fivePacks();
  const slept: number[] = [];
  let monotonicMs = 0;
  const store = await reopen(fs.crash('kill'), clock, { clock: { nowMs: () => clock.nowMs, monotonicMs: () => monotonicMs, sleep: (ms: number) => { slept.push(ms); monotonicMs += ms; return Promise.resolve(); } } });
  let asked = 0;
  const report = await store.scrub({ nowMs: days(1100), bytesPerSecond: 1000, pause: () => { asked += 1; return Promise.resolve(); } });
  expect(asked).toBe(5);
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(report.bytesRead, -1);
  await store.close();
});

test('one at a time, and closing ends it', async () => {
  const { store } = await fivePacks();
  const first = store.scrub({ nowMs: days(1100) });
  await expect(store.scrub({ nowMs: days(1100) })).rejects.toMatchObject({ code: 'SCRUB_RUNNING' });
  await store.close();
  expect((await first).complete).toBe(false);
});

test.each(['EMFILE', 'ETIMEDOUT', 'EACCES'])('%s is no damage: the pack is read by the next run', async (code) => {
  const { fs, store, clock } = await fivePacks();
  clock.nowMs = days(1100);
  const [unlucky = ''] = packsOf(fs);
  fs.faults = (operation, path) => (operation === 'read' && path === unlucky ? code : undefined);
  expect(await store.scrub({ nowMs: days(1100) })).toMatchObject({ packsRead: 4, damagedPacks: 0, unreadPacks: [{ code }], wantedChunks: 0 });
  fs.faults = () => undefined;
  expect(await store.scrub({ nowMs: days(1101) })).toMatchObject({ packsRead: 1, damagedPacks: 0, unreadPacks: [] });
  await store.close();
});

test('a wrong byte that a second look does not see is no damage', async () => {
  const { fs, store } = await fivePacks();
  const [unlucky = ''] = packsOf(fs);
  const good = fs.bytesOf(unlucky);
  fs.corrupt(unlucky, (bytes) => { bytes[5000] = (bytes[5000] ?? 0) ^ 1; });
  let opened = 0;
  fs.faults = (operation, path) => {
    if (operation === 'open' && path === unlucky) opened += 1;
    // The disk gives the right bytes from the second look on; the first open reads the header for the pack's age.
    if (opened === 3) fs.corrupt(unlucky, (bytes) => { good.copy(bytes); });
    return undefined;
  };
  expect(await store.scrub({ nowMs: days(1100) })).toMatchObject({ damagedPacks: 0, transientPacks: 1, packsRead: 5 });
  expect(packsOf(fs)).toContain(unlucky);
  await store.close();
});

test('a sector that the medium refuses is rebuilt like one that rotted', async () => {
  const { fs, store } = await fivePacks();
  const [unlucky = ''] = packsOf(fs);
  let reads = 0;
  // The file's bytes come in one window first, then block by block; its second block fails each time.
  fs.faults = (operation, path) => {
    if (operation === 'open' && path === unlucky) reads = 0;
    if (operation !== 'read' || path !== unlucky) return undefined;
    reads += 1;
    return reads === 1 || reads === 3 ? 'EIO' : undefined;
  };
  const report = await store.scrub({ nowMs: days(1100) });
  expect(report).toMatchObject({ damagedPacks: 1, lostChunks: 0, repairs: [{ quarantined: true, rebuiltBlocks: 1, lostBlocks: 0 }] });
  fs.faults = () => undefined;
  for (let pack = 0; pack < 5; pack += 1) for (let chunk = 0; chunk < 8; chunk += 1) expect(Buffer.compare(await store.readChunk(digestAt(pack * 10 + chunk)), sampleChunk(pack * 10 + chunk))).toBe(0);
  await store.close();
});

test('parity that is missing is made, and that of packs that are gone is removed', async () => {
  const { fs, store } = await fivePacks();
  for (const path of packsOf(fs)) await fs.unlink(path.replace('.pack', '.par'));
  const stray = `packs/${(packsOf(fs)[0] ?? '').slice(6, 8)}/${'0'.repeat(32)}.par`;
  await (await fs.open(stray.replace('/0', '/.tmp-0'), 'create')).close();
  const orphan = (packsOf(fs)[0] ?? '').replace(/\/[0-9a-f]{32}\.pack$/, `/${'f'.repeat(32)}.par`);
  await (await fs.open(orphan, 'create')).close();
  expect(await store.scrub({ nowMs: days(1006) })).toMatchObject({ packsRead: 5, parityWritten: 5, damagedPacks: 0 });
  expect(fs.paths()).not.toContain(orphan);
  expect(fs.paths().filter((path) => path.includes('.tmp-'))).toEqual([]);
  expect(await store.scrub({ nowMs: days(1006) })).toMatchObject({ packsRead: 0 });
  await store.close();
});

test('without space for parity or repair nothing is lost, and it is done when there is', async () => {
  const { fs, store } = await fivePacks();
  const [unlucky = '', bare = ''] = packsOf(fs);
  await fs.unlink(bare.replace('.pack', '.par'));
  fs.corrupt(unlucky, (bytes) => { bytes.fill(0, 5000, 6000); });
  fs.capacityBytes = fs.paths().reduce((sum, path) => sum + fs.bytesOf(path).length, 0);
  expect(await store.scrub({ nowMs: days(1100) })).toMatchObject({ damagedPacks: 1, parityWritten: 0, lostChunks: 0, repairs: [{ quarantined: false, failure: 'STORE_FULL' }] });
  for (let chunk = 0; chunk < 50; chunk += 1) if (chunk % 10 < 8) expect(digestOf(await store.readChunk(digestAt(chunk)))).toBe(digestAt(chunk));
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  expect(await store.scrub({ nowMs: days(1101) })).toMatchObject({ damagedPacks: 1, parityWritten: 1, lostChunks: 0, repairs: [{ quarantined: true }] });
  await store.close();
});

test('a record whose own header rotted is read by the copy in the footer', async () => {
  const { fs, store } = await fivePacks();
  await store.close();
  for (const path of packsOf(fs)) {
    await fs.unlink(path.replace('.pack', '.par'));
    fs.corrupt(path, (bytes) => { bytes.fill(0xff, 4096, 4096 + 96); });
  }
  const again = await reopen(fs, { nowMs: days(1100) });
  expect(digestOf(await again.readChunk(digestAt(0)))).toBe(digestAt(0));
  expect(fs.paths().filter((path) => path.startsWith('quarantine/'))).toEqual([]);
  // Nothing but the copies in the footers is needed to carry everything over.
  expect(await again.scrub({ nowMs: days(1100) })).toMatchObject({ damagedPacks: 5, repairedChunks: 40, lostChunks: 0 });
  expect(digestOf(await again.readChunk(digestAt(47)))).toBe(digestAt(47));
  await again.close();
});

test('content of a pack that is still open is wanted when it cannot be read, and stored anew', async () => {
  const fs = new MemoryStoreFs();
  const reports: unknown[] = [];
  const store = await reopen(fs, { nowMs: 0 }, { onDamage: (report: unknown) => reports.push(report) });
  await putChunks(store, [sampleChunk(1), sampleChunk(2)]);
  await store.flush();
  const path = fs.paths().find((name) => name.endsWith('.open')) ?? '';
  fs.corrupt(path, (bytes) => { bytes.fill(1, 4300, 5000); });
  await expect(store.readChunk(digestAt(1))).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' });
  expect(store.isWanted(digestAt(1))).toBe(true);
  expect(reports).toMatchObject([{ lost: [{ digest: digestAt(1) }], quarantined: false }]);
  // A duplicate of what rotted is no duplicate.
  expect((await putChunks(store, [sampleChunk(1)])).newChunks).toBe(1);
  await store.flush();
  expect(store.isWanted(digestAt(1))).toBe(false);
  expect(digestOf(await store.readChunk(digestAt(1)))).toBe(digestAt(1));
  await store.close();
});

test('on a real disk a burst of 2 MiB in a pack of 64 MiB is found past the page cache and repaired', async () => {
  const path = await mkdtemp(join(tmpdir(), 'lifeboat-scrub-'));
  try {
    const chunks = Array.from({ length: 66 }, () => systemRandom.bytes(1024 * KIB));
    let store = await openStore({ path, clock: systemClock, random: systemRandom });
    for (const chunk of chunks) await putChunks(store, [chunk]);
    await store.flush();
    await store.settleParity();
    await store.close();
    const names = (await readdir(join(path, 'packs'), { recursive: true })).filter((name) => name.endsWith('.pack'));
    const sizes = await Promise.all(names.map(async (name) => ({ name, sizeBytes: (await stat(join(path, 'packs', name))).size })));
    const large = sizes.sort((left, right) => right.sizeBytes - left.sizeBytes)[0]?.name ?? '';
    const file = await openFile(join(path, 'packs', large), 'r+');
    await file.write(Buffer.alloc(2 * 1024 * KIB, 0x77), 0, 2 * 1024 * KIB, 31_000_001);
    await file.close();
    store = await openStore({ path, clock: systemClock, random: systemRandom });
    expect(await store.scrub({ nowMs: Date.now(), packs: 'all' })).toMatchObject({ damagedPacks: 1, lostChunks: 0, repairs: [{ rebuiltBlocks: 513, quarantined: true }] });
    for (const chunk of chunks) expect(Buffer.compare(await store.readChunk(digestOf(chunk)), chunk)).toBe(0);
    await store.close();
  } finally {
    await rm(path, { recursive: true });
  }
}, 120_000);
