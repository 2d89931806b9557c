import { ComputerName, walkMap, type MachineId, type PublicKey, type RestorePointManifest } from '@lifeboat/model';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { commitVolume, putChunks, sampleChunk, sampleChunkBytes } from '../testing/sample-backup.js';
import { pointPathOf } from '../point/point-file.js';
import { checkStore } from './check-store.js';
import type { FsckReport } from './fsck-report.js';

const timeoutMs = 300_000;
const alpha = 'aa'.repeat(16) as MachineId;
const beta = 'bb'.repeat(16) as MachineId;
const noFacts = { hostname: 'alpha', platform: 'linux', release: '6.1', agentVersion: '0.1.0', diskSerials: [], macAddresses: [] };
const mebibyte = 1024 * 1024;

/** Two machines that share chunks 4-7; alpha has two points that share most pages; one chunk belongs to no point. */
async function buildStore(): Promise<{ fs: MemoryStoreFs; points: RestorePointManifest[] }> {
  const fs = new MemoryStoreFs();
  const random = seededRandom(7);
  const store = await openMemoryStore(fs, { random, packBytesTarget: 20 * 1024 });
  const chunks = Array.from({ length: 12 }, (_, seed) => sampleChunk(seed));
  await store.appendLedger({ type: 'machine.enrolled', machineId: alpha, name: ComputerName.parse('alpha'), publicKey: `${'A'.repeat(43)}=` as PublicKey, facts: noFacts });
  const points = [
    await commitVolume(store, chunks.slice(0, 8), { random, machineId: alpha, computerName: 'alpha' }),
    await commitVolume(store, [null, ...chunks.slice(1, 8)], { random, machineId: alpha, computerName: 'alpha' }),
    await commitVolume(store, [...chunks.slice(8, 10), ...chunks.slice(4, 8)], { random, machineId: beta, computerName: 'beta' }),
  ];
  await putChunks(store, [sampleChunk(99)]);
  await store.close();
  return { fs, points };
}

const check = (fs: MemoryStoreFs, readData = true): Promise<FsckReport> => checkStore({ path: '(memory)', fs, locker: fs.locker, readData });

function flip(fs: MemoryStoreFs, path: string, at: number): MemoryStoreFs {
  const copy = fs.copy();
  copy.corrupt(path, (bytes) => { bytes[at] = (bytes[at] ?? 0) ^ 0x10; });
  return copy;
}

/** The chunks of a point that the store itself fails to give back, as a restore would meet them. */
async function findUnreadable(fs: MemoryStoreFs, manifest: RestorePointManifest): Promise<string[]> {
  const store = await openMemoryStore(fs.copy());
  const volume = manifest.disks[0]?.volumes[0];
  const lost: string[] = [];
  if (!volume) return lost;
  try {
    for await (const entry of walkMap({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage: store.readPage })) {
      if (entry.kind === 'data') await store.readChunk(entry.digest).catch(() => lost.push(`${manifest.pointId}:${String(entry.offsetBytes / sampleChunkBytes)}`));
    }
  } finally {
    await store.close();
  }
  return lost;
}

const chunksOf = (report: FsckReport): string[] =>
  report.damage.flatMap(({ pointId, offsetBytes, lengthBytes }) =>
    Array.from({ length: lengthBytes / sampleChunkBytes }, (_, index) => `${pointId}:${String(offsetBytes / sampleChunkBytes + index)}`),
  );

describe('checkStore', () => {
  test('finds an untouched store clean and counts what no point needs', async () => {
    const { fs } = await buildStore();
    for (const readData of [false, true]) {
      const report = await check(fs, readData);
      expect(report).toMatchObject({ clean: true, findings: [], damage: [], affectedPoints: 0, checked: { points: 3 } });
      expect(report.unreferenced).toEqual({ chunks: 1, plainBytes: sampleChunkBytes });
    }
  });

  test('notices a changed byte at every place of every file', async () => {
    const { fs } = await buildStore();
    for (const path of fs.paths()) {
      const size = fs.bytesOf(path).length;
      const stride = Math.max(1, Math.floor(size / 25));
      for (let at = 0; at < size; at += at < 100 || at > size - 400 ? 7 : stride) {
        const report = await check(flip(fs, path, at));
        if (report.clean) throw new Error(`a change of ${path} at ${String(at)} went unnoticed`);
        expect(report.findings.some((finding) => finding.severity === 'damage' && finding.path === path)).toBe(true);
      }
    }
  }, timeoutMs);

  test('says for every damaged chunk what a restore would miss, and nothing else', async () => {
    const { fs, points } = await buildStore();
    for (const path of fs.paths().filter((name) => name.endsWith('.pack'))) {
      for (let at = 4096 + 40; at < fs.bytesOf(path).length; at += 997) {
        const damaged = flip(fs, path, at);
        const report = await check(damaged);
        // Pages lie in two packs: nothing is lost when one rots.
        if (fs.bytesOf(path)[48] === 2) {
          expect(report.damage).toEqual([]);
          continue;
        }
        const lost = (await Promise.all(points.map((point) => findUnreadable(damaged, point)))).flat();
        expect(chunksOf(report).sort()).toEqual(lost.sort());
        for (const entry of report.damage) {
          expect(entry.diskOffsetBytes).toBe(mebibyte + entry.offsetBytes);
          expect(entry).toMatchObject({ diskId: 'disk0', volumeId: 'disk0/p1', structure: 'chunk', computerName: entry.machineId === alpha ? 'alpha' : 'beta' });
        }
      }
    }
  }, timeoutMs);

  test('names every point that shares a lost pack', async () => {
    const { fs, points } = await buildStore();
    // Byte 48 of a pack is its kind; 1 stands for data. The first data pack holds the chunks all three points share in part.
    const pack = fs.paths().find((path) => path.endsWith('.pack') && fs.bytesOf(path)[48] === 1) ?? '';
    await fs.unlink(pack);
    const report = await check(fs, false);
    const lost = (await Promise.all(points.map((point) => findUnreadable(fs, point)))).flat();
    expect(lost.length).toBeGreaterThan(1);
    expect(chunksOf(report).sort()).toEqual(lost.sort());
    expect(report.affectedPoints).toBe(new Set(lost.map((place) => place.slice(0, 32))).size);
  });

  test('reports a lost point file with machine, name and time, and other points as they are', async () => {
    const { fs, points } = await buildStore();
    const [first] = points;
    if (!first) throw new Error('no point');
    await fs.unlink(pointPathOf(first));
    const missing = (path: string): unknown => expect.objectContaining({ severity: 'damage', code: 'POINT_FILE_MISSING', path });
    const oneLeft = await check(fs, false);
    expect(oneLeft).toMatchObject({ findings: [missing(pointPathOf(first))], damage: [], affectedPoints: 0 });
    await fs.unlink(pointPathOf(first, 'points-mirror'));
    const report = await check(fs, false);
    expect(report.findings).toEqual([missing(pointPathOf(first)), missing(pointPathOf(first, 'points-mirror'))]);
    expect(report.damage).toEqual([expect.objectContaining({ machineId: alpha, computerName: 'alpha', pointId: first.pointId, structure: 'point', volumeId: null })]);
    expect(report.affectedPoints).toBe(1);
  });

  test('notices that the ledger lost its end', async () => {
    const { fs } = await buildStore();
    const store = await openMemoryStore(fs, { packBytesTarget: 20 * 1024 });
    await putChunks(store, [sampleChunk(200)]);
    await store.close();
    const last = fs.paths().filter((path) => path.startsWith('ledger/')).at(-1) ?? '';
    await fs.unlink(last);
    await fs.unlink(last.replace('ledger/', 'ledger-mirror/'));
    expect((await check(fs, false)).findings).toContainEqual(expect.objectContaining({ code: 'LEDGER_BEHIND_PACKS', severity: 'damage' }));
  });

  test('leaves a store alone that a server owns', async () => {
    const { fs } = await buildStore();
    const store = await openMemoryStore(fs);
    await expect(check(fs)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await store.close();
  });

  test('calls a store that a crash left behind clean', async () => {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await commitVolume(store, [sampleChunk(1)], { random: seededRandom(1), machineId: alpha });
    await putChunks(store, [sampleChunk(2)]);
    const report = await check(fs.crash('kill'));
    expect(report).toMatchObject({ clean: true, damage: [] });
    expect(report.findings.map((finding) => finding.code)).toEqual(['PACK_NOT_SEALED', 'PACK_NOT_SEALED', 'PACK_NOT_SEALED']);
  });

  test('refuses a directory that is no store', async () => {
    await expect(check(new MemoryStoreFs())).rejects.toMatchObject({ code: 'STORE_NOT_A_STORE' });
  });
});
