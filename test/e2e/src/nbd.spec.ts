import { execFile, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { DiskImage } from './support/disk-image.js';
import { Installation, freePort } from './support/installation.js';
import { startCommand, tool, userEnvironment } from './support/programs.js';

const MIB = 1024 * 1024;
const run = promisify(execFile);

type Served = Readonly<{ child: ChildProcess; json: Record<string, unknown>; uri: string }>;

describe('a restore point as a network block device', () => {
  let lifeboat: Installation;
  let disk: DiskImage;
  let raw: string;
  const inFolder = (name: string): string => path.join(lifeboat.folder, name);
  const served: ChildProcess[] = [];

  beforeAll(async () => {
    lifeboat = await Installation.start();
    disk = new DiskImage(inFolder('ws.img'), 400);
    disk.fill(60 * MIB);
    expect((await lifeboat.enrol('WS-042', disk.file)).code).toBe(0);
    const backup = await lifeboat.agent('WS-042', 'start', 'backup', '--json');
    expect({ code: backup.code, stderr: backup.code === 0 ? '' : backup.stderr }).toEqual({ code: 0, stderr: '' });
    raw = inFolder('raw.img');
    expect((await lifeboat.admin('start', 'recovery', 'WS-042', '--disk', '0', '--to', raw)).code).toBe(0);
  });
  afterAll(async () => {
    for (const child of served) child.kill('SIGKILL');
    await lifeboat.remove();
  });

  /** Starts `lifeboat serve nbd` and waits for the line that says where. */
  async function serve(...args: string[]): Promise<Served> {
    const child = startCommand('lifeboat', ['serve', 'nbd', 'WS-042', '--disk', '0', '--json', ...args], userEnvironment({ LIFEBOAT_URL: lifeboat.url, LIFEBOAT_TOKEN: lifeboat.token }));
    served.push(child);
    const json = await new Promise<Record<string, unknown>>((resolve, reject) => {
      let out = '';
      child.stdout?.on('data', (text: Buffer) => {
        out += text.toString();
        if (out.includes('\n')) resolve(JSON.parse(out) as Record<string, unknown>);
      });
      child.once('exit', (code) => { reject(new RangeError(`serve nbd ended with ${String(code)}: ${out}`)); });
    });
    child.stderr?.resume();
    return { child, json, uri: String(json['uri']) };
  }

  const end = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGINT');
    });

  test('every tool reads what a restore writes, and Ctrl-C ends it well', async () => {
    const { child, json, uri } = await serve('--port', String(await freePort()));
    expect(json).toMatchObject({ v: 1, host: '127.0.0.1', computer: 'WS-042', sizeBytes: fs.statSync(disk.file).size, readOnly: true });
    expect(JSON.parse((await run('nbdinfo', ['--json', uri])).stdout)).toMatchObject({ exports: [{ 'export-size': fs.statSync(disk.file).size, is_read_only: true, can_multi_conn: true }] });
    await run('nbdcopy', ['--connections=4', uri, inFolder('copy.img')]);
    tool('cmp', raw, inFolder('copy.img'));
    expect(fs.statSync(inFolder('copy.img')).blocks * 512).toBeLessThan(200 * MIB);
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', uri, raw])).stdout).toContain('Images are identical');
    expect(await end(child)).toBe(0);
  });

  test('random reads of every size, many in flight, hold what a restore wrote', async () => {
    const { child, uri } = await serve('--socket', inFolder('nbd.sock'));
    const size = fs.statSync(raw).size;
    let state = 42;
    const random = (max: number): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % max;
    const commands = Array.from({ length: 500 }, () => `aio_read -v ${String(random(size - 5000))} ${String(1 + random(4096))}`);
    const io = async (image: string): Promise<string> => (await run('qemu-io', ['-r', '-f', 'raw', ...[...commands, 'aio_flush'].flatMap((line) => ['-c', line]), image], { maxBuffer: 256 * MIB })).stdout;
    // Hex dumps of both, in order of place: aio answers in any order.
    const dump = (text: string): string[] => text.split('\n').filter((line) => /^[0-9a-f]{8}:/.test(line)).sort();
    const got = dump(await io(uri));
    expect(got.length).toBeGreaterThan(10_000);
    expect(got).toEqual(dump(await io(raw)));
    expect(await end(child)).toBe(0);
    expect(fs.existsSync(inFolder('nbd.sock'))).toBe(false);
  });

  test('a restart of the server only delays the readers', async () => {
    const { child, uri } = await serve('--socket', inFolder('restart.sock'), '--cache', '1');
    await run('qemu-io', ['-r', '-f', 'raw', '-c', 'read 0 1M', uri]);
    await lifeboat.stopServer();
    await lifeboat.startServer();
    await run('nbdcopy', [uri, inFolder('after-restart.img')]);
    tool('cmp', raw, inFolder('after-restart.img'));
    expect(await end(child)).toBe(0);
  });

  test.each([{ format: 'qcow2', driver: 'qcow2' }, { format: 'vhd', driver: 'vpc' }, { format: 'vhdx', driver: 'vhdx' }, { format: 'vmdk', driver: 'vmdk' }])('recovery to $format holds the same disk', async ({ format, driver }) => {
    const target = inFolder(`disk.${format}`);
    const result = await lifeboat.admin('start', 'recovery', 'WS-042', '--version', 'latest', '--disk', '0', '--to', target, '--format', format, '--json');
    expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({ code: 0, stderr: '' });
    expect(result.json).toMatchObject({ v: 1, format, target, damaged: [], unreadable: [] });
    if (format !== 'vhd') await run('qemu-img', ['check', '-f', driver, target]);
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', driver, raw, target])).stdout).toContain('Images are identical');
    fs.rmSync(target);
  });
});
