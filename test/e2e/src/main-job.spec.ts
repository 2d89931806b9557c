import fs from 'node:fs';
import path from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { DiskImage, differingBlocks, extractPartition, usedBlocksByDumpe2fs } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';
import { withoutUnique } from './support/versions.js';
import { serverKinds, type RealServers } from './support/real-servers.js';

const MIB = 1024 * 1024;
const chunkBytes = 64 * 1024;
type Point = Readonly<{ pointId: string; base: string | null; kind: string; consistency: string; bytes: Record<'source' | 'used' | 'read' | 'changed' | 'sent' | 'stored', number>; volumes: readonly Record<string, unknown>[] }>;

/** Sum of the zstd sizes of the 64 KiB chunks of a partition that differ between two images of a disk. */
function changedChunksCompressedBytes(before: string, after: string): number {
  const [a, b] = [fs.openSync(before, 'r'), fs.openSync(after, 'r')];
  let total = 0;
  const size = fs.fstatSync(a).size;
  for (let offset = 0; offset < size; offset += chunkBytes) {
    const [left, right] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];
    fs.readSync(a, left, 0, chunkBytes, offset);
    fs.readSync(b, right, 0, chunkBytes, offset);
    if (!left.equals(right)) total += zstdCompressSync(right, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length;
  }
  fs.closeSync(a);
  fs.closeSync(b);
  return total;
}

describe.each(serverKinds)('the main job with $servers', ({ start }) => {
  let servers: RealServers | undefined;
  let lifeboat: Installation;
  let disk: DiskImage;
  let truths: string[];
  let points: Point[];
  const inFolder = (name: string): string => path.join(lifeboat.folder, name);

  beforeAll(async () => {
    servers = await start();
    lifeboat = await Installation.start(servers?.env);
    disk = new DiskImage(inFolder('ws.img'));
    disk.fill(300 * MIB);
  });
  afterAll(async () => {
    await lifeboat.remove();
    await servers?.stop();
  });

  test('a computer enrols and makes a first and a next-day point', async () => {
    const enrolled = await lifeboat.enrol('WS-042', disk.file);
    expect({ code: enrolled.code, stderr: enrolled.stderr }).toMatchObject({ code: 0 });
    const first = await lifeboat.agent('WS-042', 'start', 'backup', '--json');
    expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' });
    truths = [disk.copyTo(inFolder('truth-1.img'))];
    disk.withMount((folder) => {
      const [victim] = fs.readdirSync(folder).filter((name) => name !== 'lost+found');
      fs.rmSync(path.join(folder, victim ?? ''), { recursive: true });
      fs.writeFileSync(path.join(folder, 'day-two.bin'), Buffer.from(Array.from({ length: 5 * MIB }, (_, at) => (at * 2_654_435_761) >>> 23)));
      fs.appendFileSync(path.join(folder, 'day-two.log'), 'it floats\n'.repeat(10_000));
    });
    truths.push(disk.copyTo(inFolder('truth-2.img')));
    const second = await lifeboat.agent('WS-042', 'start', 'backup', '--json');
    expect({ code: second.code, stderr: second.code === 0 ? '' : second.stderr }).toEqual({ code: 0, stderr: '' });
    points = [first.json, second.json] as unknown as Point[];
    expect(points.map((point) => point.kind)).toEqual(['full', 'incremental']);
    expect(points[1]?.base).toBe(points[0]?.pointId);
    expect(points[0]?.bytes.source).toBe(fs.statSync(disk.file).size);
  });

  test('the next-day point stores little more than the changed chunks', () => {
    const changed = changedChunksCompressedBytes(truths[0] ?? '', truths[1] ?? '');
    expect(points[1]?.bytes.stored).toBeGreaterThan(0);
    expect(points[1]?.bytes.stored).toBeLessThan(1.5 * changed);
  });

  test.each([0, 1])('point %i comes back: every used byte, clean filesystem, valid table', async (index) => {
    const restored = inFolder(`restored-${String(index)}.img`);
    const result = await lifeboat.admin('start', 'recovery', 'WS-042', '--version', points[index]?.pointId ?? '', '--disk', '0', '--to', restored, '--format', 'raw', '--json');
    expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({ code: 0, stderr: '' });
    const truth = truths[index] ?? '';
    expect(fs.statSync(restored).size).toBe(fs.statSync(truth).size);
    const [wanted, got] = [extractPartition(truth, disk.ext4, inFolder('wanted.ext4')), extractPartition(restored, disk.ext4, inFolder('got.ext4'))];
    const used = usedBlocksByDumpe2fs(wanted);
    expect(used.used.length).toBeGreaterThan(10_000);
    expect(differingBlocks(wanted, got, used)).toEqual([]);
    tool('e2fsck', '-fn', got);
    expect(tool('sfdisk', '--verify', restored)).toContain('No errors');
    // Everything but the free space of ext4 is the same to the byte: tables, gaps, EFI system partition and swap header.
    tool('cmp', '-n', String(disk.ext4.offsetBytes), truth, restored);
    const behind = String(disk.swap.offsetBytes);
    tool('cmp', '-i', behind, truth, restored);
    for (const file of [restored, wanted, got]) fs.rmSync(file);
  });

  test('`get versions` says the same after the database is deleted and rebuilt', async () => {
    const before = await lifeboat.admin('get', 'versions', 'WS-042', '--json');
    expect((before.json['versions'] as unknown[]).length).toBe(2);
    expect(await lifeboat.stopServer()).toBe(0);
    if (!servers) fs.rmSync(path.join(lifeboat.dataFolder, 'database'), { recursive: true });
    const rebuilt = await lifeboat.rebuildCatalog();
    expect({ code: rebuilt.code, stderr: rebuilt.code === 0 ? '' : rebuilt.stderr }).toEqual({ code: 0, stderr: '' });
    await lifeboat.startServer();
    const after = await lifeboat.admin('get', 'versions', 'WS-042', '--json');
    const [then, now] = [before, after].map(({ json }) => ({ ...json, versions: (json['versions'] as unknown[]).map(withoutUnique) }));
    expect(now).toEqual(then);
  });

  test('the store checks clean with the server stopped', async () => {
    await lifeboat.stopServer();
    const checked = await lifeboat.admin('store', 'fsck', '--data', '--data-dir', lifeboat.dataFolder, '--json');
    expect({ code: checked.code, json: checked.json }).toMatchObject({ code: 0, json: { v: 1, clean: true } });
    await lifeboat.startServer();
  });
});
