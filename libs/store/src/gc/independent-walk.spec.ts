import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, expand, systemClock, systemRandom } from '@lifeboat/codec';
import { decodeIndexPage, type Digest, type MachineId, type RestorePointManifest } from '@lifeboat/model';
import { openStore } from '../open-store.js';
import type { ReceivedPage, Store } from '../store.js';
import { seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, sampleChunk } from '../testing/sample-backup.js';

/** A copy of a content in a pack: its share of the record's bytes, and a page's plain bytes. */
type Copy = Readonly<{ digest: Digest; sharedBytes: number; page: Uint8Array | null }>;
/** What the walk says: bytes that no point names, and of all records. */
type Walked = Readonly<{ unreferencedBytes: number; recordBytes: number }>;

let path: string;
let store: Store;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'lifeboat-gc-'));
  store = await openStore({ path, clock: systemClock, random: systemRandom, packBytesTarget: 256 * 1024 });
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true });
});

const machines = ['a1', 'b2', 'c3'].map((byte) => byte.repeat(16) as MachineId);
const chunksPerVolume = 150;

/** The volume of one day: each day changes a tenth of it; half of all content is the same on every machine. */
function volumeOf(machine: number, day: number): Uint8Array[] {
  return Array.from({ length: chunksPerVolume }, (_, index) => {
    const changedOn = day - ((day + index * 7) % 10);
    return sampleChunk(index % 2 === 0 ? 1000 * Math.max(0, changedOn) + index : 1_000_000 * (machine + 1) + 1000 * Math.max(0, changedOn) + index);
  });
}

/** Reads the records of every pack file as docs/formats describes them, asking neither index nor footers. */
async function readCopies(): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const directory of ['packs', 'open']) {
    for (const name of await readdir(join(path, directory), { recursive: true })) {
      if (!/\.(pack|open)$/.test(name)) continue;
      copies.push(...copiesIn(await readFile(join(path, directory, name))));
    }
  }
  return copies;
}

function copiesIn(bytes: Buffer): Copy[] {
  const copies: Copy[] = [];
  for (let at = 4096; at + 96 <= bytes.length && bytes.toString('latin1', at, at + 4) === 'LBSG';) {
    const [entries, plainBytes, storedBytes] = [bytes.readUInt32LE(at + 12), bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20)];
    const payloadAt = at + 96 + entries * 40;
    const lengthBytes = Math.ceil((payloadAt + storedBytes - at) / 16) * 16;
    const isPage = bytes[at + 5] === 2;
    for (let entry = 0; entry < entries; entry += 1) {
      const table = at + 96 + entry * 40;
      const page = isPage ? expand(bytes[at + 6] === 0 ? 'raw' : 'zstd', bytes.subarray(payloadAt, payloadAt + storedBytes), plainBytes) : null;
      copies.push({ digest: bytes.toString('hex', table, table + 32) as Digest, sharedBytes: lengthBytes * (bytes.readUInt32LE(table + 36) / plainBytes), page });
    }
    at += lengthBytes;
  }
  return copies;
}

async function readRoots(): Promise<Digest[]> {
  const roots: Digest[] = [];
  for (const name of await readdir(join(path, 'points'), { recursive: true })) {
    if (!name.endsWith('.point')) continue;
    const bytes = await readFile(join(path, 'points', name));
    const plain = expand(bytes[108] === 0 ? 'raw' : 'zstd', bytes.subarray(160), bytes.readUInt32LE(96));
    const manifest = JSON.parse(Buffer.from(plain).toString()) as RestorePointManifest;
    roots.push(...manifest.disks.flatMap(({ volumes }) => volumes.map(({ mapRoot }) => mapRoot)));
  }
  return roots;
}

/** Says what no point names, from the files alone. One copy of a chunk is enough; pages are kept twice. */
async function walk(): Promise<Walked> {
  const copies = await readCopies();
  const pages = new Map(copies.flatMap(({ digest, page }) => (page ? [[digest, page] as const] : [])));
  const named = new Set<Digest>();
  const waiting = await readRoots();
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (named.has(digest)) continue;
    named.add(digest);
    const page = pages.get(digest);
    if (!page) throw new Error(`the page ${digest} is in no pack`);
    for (const entry of decodeIndexPage(page).entries) {
      if (entry.kind === 'page') waiting.push(entry.digest);
      else if (entry.kind === 'data') named.add(entry.digest);
    }
  }
  const allowed = new Map<Digest, number>();
  let unreferencedBytes = 0;
  for (const { digest, page, sharedBytes } of copies) {
    const seen = allowed.get(digest) ?? 0;
    allowed.set(digest, seen + 1);
    if (!named.has(digest) || seen >= (page ? 2 : 1)) unreferencedBytes += sharedBytes;
  }
  return { unreferencedBytes, recordBytes: copies.reduce((sum, copy) => sum + copy.sharedBytes, 0) };
}

async function packBytesOnDisk(): Promise<number> {
  let sum = 0;
  for (const directory of ['packs', 'open']) {
    for (const name of await readdir(join(path, directory), { recursive: true })) if (/\.(pack|open)$/.test(name)) sum += (await stat(join(path, directory, name))).size;
  }
  return sum;
}

test('after 90 % of the points are deleted, what no point names is freed within 2 % while a backup runs', async () => {
  const random = seededRandom(3);
  const kept: { manifest: RestorePointManifest; volume: Uint8Array[]; machineId: MachineId }[] = [];
  for (let day = 0; day < 20; day += 1) {
    for (const [machine, machineId] of machines.entries()) {
      const volume = volumeOf(machine, day);
      const manifest = await commitVolume(store, volume, { random, machineId });
      if (day % 10 === 9) kept.push({ manifest, volume, machineId });
    }
  }
  const keptIds = new Set(kept.map(({ manifest }) => manifest.pointId));
  for await (const { event } of store.readLedger(1)) {
    if (event.type === 'point.committed' && !keptIds.has(event.pointId)) await store.purgePoint(event.machineId, event.pointId);
  }
  await store.flush();
  const before = await walk();
  expect(before.unreferencedBytes).toBeGreaterThan(before.recordBytes * 0.4);

  // Backups of today go on all the time; they meet chunks of purged points that are not collected yet, and bring new ones.
  const running = new Set<Digest>();
  const session = Object.create(store, {
    putPage: { value: (page: ReceivedPage) => { running.add(page.digest); return store.putPage(page); } },
  }) as Store;
  let collecting = true;
  let backups = 0;
  const backUp = async (): Promise<void> => {
    while (collecting || backups === 0) {
      const machine = backups % machines.length;
      const machineId = machines[machine] ?? ('a1'.repeat(16) as MachineId);
      const volume = volumeOf(machine, 5 + backups);
      for (const chunk of volume) running.add(digestOf(chunk));
      const manifest = await commitVolume(session, volume, { random, machineId });
      kept.push({ manifest, volume, machineId });
      running.clear();
      backups += 1;
    }
  };
  const backup = backUp();
  const report = await store.collectGarbage({ sessions: () => [...running], trustedNowMs: 0, quarantineMs: 0, compactBelowLiveRatio: 1 }).finally(() => { collecting = false; });
  await backup;
  await store.flush();

  expect(report.deletedPacks).toBeGreaterThan(5);
  expect(report.freedBytes).toBeGreaterThan(before.unreferencedBytes);
  const after = await walk();
  expect(after.unreferencedBytes).toBeLessThan(before.unreferencedBytes * 0.02);
  expect((await store.stats()).packBytes).toBe(await packBytesOnDisk());
  for (const { manifest, volume, machineId } of kept) {
    expect(Buffer.concat(volume).equals(await readSampleVolume(store, await store.readManifest(machineId, manifest.pointId)))).toBe(true);
  }
}, 120_000);
