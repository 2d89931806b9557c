import { digestOf, systemRandom } from '@lifeboat/codec';
import { randomHex128, type MachineId } from '@lifeboat/model';
import { checkStore } from '../fsck/check-store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore } from '../testing/memory-store.js';
import { commitVolume, sampleChunk, sampleChunkBytes, type SampleVolume } from '../testing/sample-backup.js';
import type { FilePaths } from './file-paths.js';

const machineIds = [1, 2].map(() => randomHex128(systemRandom) as MachineId);
const chunk = (seed: number): Uint8Array => sampleChunk(seed);
/** More than one leaf page each; the first two share most of their content, the third has chunk 7 somewhere else. */
const volumes: readonly SampleVolume[] = [
  Array.from({ length: 1500 }, (_, index) => (index % 9 === 5 ? null : chunk(index))),
  Array.from({ length: 1500 }, (_, index) => (index % 9 === 5 || index === 7 ? null : chunk(index))),
  [chunk(7000), null, chunk(7), chunk(7), chunk(7001)],
];

async function buildStore(): Promise<{ fs: MemoryStoreFs; store: Awaited<ReturnType<typeof openMemoryStore>>; pointIds: string[] }> {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs, { packBytesTarget: 1024 * 1024 });
  const pointIds: string[] = [];
  for (const [index, volume] of volumes.entries()) {
    const [machineId = 'x' as MachineId] = machineIds.slice(index === 2 ? 1 : 0);
    pointIds.push((await commitVolume(store, volume, { random: systemRandom, machineId, computerName: index === 2 ? 'beta' : 'alpha' })).pointId);
  }
  return { fs, store, pointIds };
}

/** Files of two chunks each, by place; reads a little around each range and keeps what it saw. */
function fileNamer(): { filePaths: FilePaths; seen: { lost: number; bytes: Buffer }[] } {
  const seen: { lost: number; bytes: Buffer }[] = [];
  const filePaths: FilePaths = async (volume, extents) => {
    const target = new Uint8Array(volume.lengthBytes);
    const lost = await volume.read(target, 0);
    seen.push({ lost: lost.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0), bytes: Buffer.from(target) });
    return extents.map((extent) => ({ path: `/${volume.volumeId}/${String(Math.floor(extent.offsetBytes / (2 * sampleChunkBytes)))}`, fileOffsetBytes: extent.offsetBytes % (2 * sampleChunkBytes), extent }));
  };
  return { filePaths, seen };
}

test('lost content is found in every point that has it, at every place, and nowhere else', async () => {
  const { store, pointIds } = await buildStore();
  const bad = [7, 8, 1401].map((seed) => digestOf(chunk(seed)));
  const report = await store.damagedPoints(bad);
  const found = report.damage.map(({ pointId, offsetBytes, lengthBytes, computerName, structure, files }) => ({ point: pointIds.indexOf(pointId), at: offsetBytes / sampleChunkBytes, count: lengthBytes / sampleChunkBytes, computerName, structure, files }));
  const entry = (point: number, at: number, count: number) => ({ point, at, count, computerName: point === 2 ? 'beta' : 'alpha', structure: 'chunk', files: null });
  expect(found).toEqual([entry(0, 7, 2), entry(0, 1401, 1), entry(1, 8, 1), entry(1, 1401, 1), entry(2, 2, 2)]);
  expect(report).toMatchObject({ truncated: false, affectedPoints: 3 });
  expect(await store.damagedPoints([digestOf(chunk(999_999))])).toEqual({ damage: [], truncated: false, affectedPoints: 0 });
  await store.close();
});

test('a lost page and a lost point are part of the report', async () => {
  const { fs, store, pointIds } = await buildStore();
  await store.close();
  for (const path of fs.paths().filter((name) => name.startsWith('points') && name.includes(pointIds[2] ?? ''))) await fs.unlink(path);
  for (const path of fs.paths().filter((name) => name.endsWith('.pack') && fs.bytesOf(name)[48] === 2)) fs.corrupt(path, (bytes) => bytes.fill(0, 4096));
  const parities = fs.paths().filter((name) => name.endsWith('.par'));
  for (const path of parities) await fs.unlink(path);
  const again = await openMemoryStore(fs);
  const { damage, affectedPoints } = await again.damagedPoints([]);
  expect(damage.map(({ structure }) => structure)).toEqual(['page', 'page', 'point']);
  expect(affectedPoints).toBe(3);
  await again.close();
});

test('a check names the files of lost ranges, and reads the rest of the volume as it is', async () => {
  const { fs, store, pointIds } = await buildStore();
  await store.settleParity();
  await store.close();
  for (const path of fs.paths().filter((name) => name.endsWith('.par'))) await fs.unlink(path);
  const [path = ''] = fs.paths().filter((name) => name.endsWith('.pack') && fs.bytesOf(name)[48] === 1);
  fs.corrupt(path, (bytes) => { bytes[6000] = (bytes[6000] ?? 0) ^ 1; });
  const { filePaths, seen } = fileNamer();
  const options = { path: '(memory)', fs, locker: fs.locker, readData: true };
  expect((await checkStore(options)).damage.every(({ files }) => files === null)).toBe(true);
  const { damage } = await checkStore({ ...options, filePaths });
  expect(damage.length).toBeGreaterThan(0);
  for (const { offsetBytes, lengthBytes, volumeId, files } of damage) {
    expect(files).toEqual([{ path: `/${volumeId ?? ''}/${String(Math.floor(offsetBytes / 8192))}`, fileOffsetBytes: offsetBytes % 8192, extent: { offsetBytes, lengthBytes } }]);
  }
  // The newest point is looked at first; what it has lost is zeros, the rest is what was backed up.
  const affected = [...new Set(damage.map(({ pointId }) => pointIds.indexOf(pointId)))];
  expect(seen).toHaveLength(affected.length);
  for (const { lost, bytes } of seen) {
    const match = affected.some((index) => {
      const expected = Buffer.concat((volumes[index] ?? []).map((part) => part ?? new Uint8Array(sampleChunkBytes)));
      if (expected.length !== bytes.length) return false;
      for (const { offsetBytes, lengthBytes } of damage.filter(({ pointId }) => pointIds.indexOf(pointId) === index)) expected.fill(0, offsetBytes, offsetBytes + lengthBytes);
      return expected.equals(bytes);
    });
    expect(match).toBe(true);
    expect(lost).toBeGreaterThan(0);
  }
});
