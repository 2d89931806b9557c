import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endOf, MIB } from '@lifeboat/model';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { openDiskImage } from '../image/open-disk-image.js';
import { makeSampleDisk, MemoryPoint, MemoryVolumeSource, sampleDiskBytes } from '../testing/index.js';
import { serveNbd, type NbdServer } from './serve-nbd.js';

const run = promisify(execFile);
let directory: { path: string; remove: () => void };
let expected: Buffer;
let point: MemoryPoint;
let source: MemoryVolumeSource;
let server: NbdServer;
let uri: string;
const file = (name: string): string => join(directory.path, name);

beforeAll(async () => {
  const disk = await makeSampleDisk();
  point = new MemoryPoint([disk]);
  expected = Buffer.from(disk.bytes);
  for (const extent of disk.unallocated ?? []) expected.fill(0, extent.offsetBytes, endOf(extent));
  directory = temporaryDirectory();
  writeFileSync(file('expected.img'), expected);
});
afterAll(() => { directory.remove(); });

describe.each([
  { name: 'a unix socket', listen: () => ({ socketPath: file('nbd.sock') }) },
  { name: 'TCP', listen: () => ({ host: '127.0.0.1', port: 0 }) },
])('over $name', ({ listen }) => {
  beforeEach(async () => {
    source = new MemoryVolumeSource(point);
    server = await serveNbd({ exports: [{ name: 'sda', description: 'disk sda of memory', image: openDiskImage(source, { diskId: 'sda' }) }], listen: listen() });
    uri = server.uriOf('sda');
  });
  afterEach(() => server.close());

  test('nbdinfo sees a read-only export of the right size with its holes', async () => {
    const { stdout } = await run('nbdinfo', ['--json', uri]);
    const { exports } = JSON.parse(stdout) as { exports: Record<string, unknown>[] };
    expect(exports).toEqual([expect.objectContaining({ 'export-name': 'sda', description: 'disk sda of memory', 'export-size': sampleDiskBytes, 'is_read_only': true, 'can_multi_conn': true, 'can_df': true, 'can_cache': true, 'block_size_preferred': 65536, contexts: ['base:allocation'] })]);
    const map = JSON.parse((await run('nbdinfo', ['--map', '--json', uri])).stdout) as { offset: number; length: number; type: number }[];
    expect(map.reduce((sum, run) => sum + run.length, 0)).toBe(sampleDiskBytes);
    expect(map.filter((run) => run.type !== 0).every((run) => expected.subarray(run.offset, run.offset + run.length).every((byte) => byte === 0))).toBe(true);
    expect(map.filter((run) => run.type === 0).reduce((sum, run) => sum + run.length, 0)).toBeLessThan(20 * MIB);
    expect((await run('nbdinfo', ['--list', '--json', uri])).stdout).toContain('"export-name": "sda"');
  });

  test('nbdcopy copies the disk as it was', async () => {
    await run('nbdcopy', ['--connections=4', uri, file('copy.img')]);
    await run('cmp', [file('expected.img'), file('copy.img')]);
    expect(statSync(file('copy.img')).blocks * 512).toBeLessThan(sampleDiskBytes / 2);
  });

  test('qemu-img compares equal, and reads with simple replies too', async () => {
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', uri, file('expected.img')])).stdout).toContain('Images are identical');
    await run('nbdcopy', ['--synchronous', '--no-extents', '--request-size=33554432', uri, file('whole.img')]);
    await run('cmp', [file('expected.img'), file('whole.img')]);
  });

  test.each(['qcow2', 'vhdx', 'vmdk', 'vpc'])('qemu-img converts to %s', async (format) => {
    const target = file(`converted.${format}`);
    await run('qemu-img', ['convert', '-f', 'raw', '-O', format, ...(format === 'vpc' ? ['-o', 'force_size=on'] : []), uri, target]);
    if (format !== 'vpc') await run('qemu-img', ['check', '-f', format, target]);
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', format, uri, target])).stdout).toContain('Images are identical');
  });

  test('qemu-io stresses random reads and finds every pattern', async () => {
    // Verified by pattern where the disk has one, by content elsewhere: reads of odd sizes at odd places, many in flight.
    const random = randomOf(7);
    const commands = Array.from({ length: 400 }, (_, index) => {
      if (index % 4 === 0) return `aio_read -P 0x61 ${String(30 * MIB + random(MIB / 2))} ${String(1 + random(MIB / 2))}`;
      if (index % 4 === 1) return `aio_read -P 0 ${String(32 * MIB + random(MIB))} ${String(1 + random(MIB))}`;
      return `aio_read -q ${String(random(sampleDiskBytes - 70_000))} ${String(1 + random(70_000))}`;
    });
    const { stdout, stderr } = await run('qemu-io', ['-r', '-f', 'raw', ...[...commands, 'aio_flush'].flatMap((line) => ['-c', line]), uri], { maxBuffer: 16 * MIB });
    expect(`${stdout}${stderr}`).not.toMatch(/failed|error/i);
    expect(stdout.match(/^read \d+\/\d+ bytes/gm)?.length).toBe(200);
    // The judge can fail: a wrong pattern is noticed.
    expect((await run('qemu-io', ['-r', '-f', 'raw', '-c', `read -P 0x62 ${String(30 * MIB)} 512`, uri]).catch(outputOf)).stdout).toContain('Pattern verification failed');
  });

  test('writing is refused', async () => {
    await expect(run('qemu-io', ['-f', 'raw', '-c', 'write 0 512', uri])).rejects.toMatchObject({ code: 1 });
    await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', uri, file('expected.img')]);
  });

  test('a lost chunk is an input/output error at its place, and nowhere else', async () => {
    const victim = point.maps[2]?.find((entry) => entry.kind === 'data' && entry.offsetBytes > 3 * MIB);
    if (victim?.kind !== 'data') throw new TypeError('no chunk');
    source.lost.add(victim.digest);
    const at = 9 * MIB + victim.offsetBytes;
    const bad = await run('qemu-io', ['-r', '-f', 'raw', '-c', `read ${String(at - 512)} 1024`, uri]).catch(outputOf);
    expect(bad.stdout).toContain('Input/output error');
    await run('qemu-io', ['-r', '-f', 'raw', '-c', `read ${String(at - 512)} 512`, '-c', `read ${String(at + victim.lengthBytes)} 512`, uri]);
    await expect(run('nbdcopy', [uri, file('broken.img')])).rejects.toMatchObject({ code: 1 });
  });
});

// Containers often have no FUSE.
(existsSync('/dev/fuse') ? test : test.skip)('nbdfuse shows the image as a file', async () => {
  source = new MemoryVolumeSource(point);
  server = await serveNbd({ exports: [{ name: 'sda', description: '', image: openDiskImage(source, { diskId: 'sda' }) }], listen: { socketPath: file('fuse.sock') } });
  mkdirSync(file('mount'));
  const fuse = spawn('nbdfuse', ['--readonly', '--pidfile', file('fuse.pid'), join(file('mount'), 'disk.img'), server.uriOf('sda')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => fuse.once('exit', resolve));
  try {
    while (fuse.exitCode === null && !statSync(file('fuse.pid'), { throwIfNoEntry: false })?.size) await turn();
    const { stdout } = await run('sha256sum', [join(file('mount'), 'disk.img')]);
    expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(expected).digest('hex'));
  } finally {
    await run('fusermount3', ['-u', file('mount')]);
    await ended;
    await server.close();
  }
});

test('a qemu-nbd client of the image serves it on', async () => {
  source = new MemoryVolumeSource(point);
  server = await serveNbd({ exports: [{ name: 'sda', description: '', image: openDiskImage(source, { diskId: 'sda' }) }], listen: { socketPath: file('first.sock') } });
  const second = spawn('qemu-nbd', ['--read-only', '--persistent', '--format=raw', `--socket=${file('second.sock')}`, `--pid-file=${file('second.pid')}`, server.uriOf('sda')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => second.once('exit', resolve));
  try {
    while (second.exitCode === null && !statSync(file('second.pid'), { throwIfNoEntry: false })?.size) await turn();
    await run('nbdcopy', [`nbd+unix:///?socket=${file('second.sock')}`, file('third.img')]);
    await run('cmp', [file('expected.img'), file('third.img')]);
  } finally {
    second.kill();
    await ended;
    await server.close();
  }
});

test('the socket is for its user only, and a taken address is told', async () => {
  const image = openDiskImage(new MemoryVolumeSource(point), { diskId: 'sda' });
  const exports = [{ name: 'sda', description: '', image }];
  const first = await serveNbd({ exports, listen: { socketPath: file('private.sock') } });
  expect(statSync(file('private.sock')).mode & 0o777).toBe(0o600);
  await expect(serveNbd({ exports, listen: { socketPath: file('private.sock') } })).rejects.toMatchObject({ code: 'NBD_LISTEN_FAILED', details: { reason: 'EADDRINUSE' } });
  await first.close();
  expect(statSync(file('private.sock'), { throwIfNoEntry: false })).toBeUndefined();
});

/** What a failed program printed. */
const outputOf = (error: unknown): { stdout: string } => error as { stdout: string };

function randomOf(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % max;
  };
}
