import fs from 'node:fs';
import path from 'node:path';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';
import { withoutUnique } from './support/versions.js';
import { serverKinds, type RealServers } from './support/real-servers.js';

type Damage = Readonly<{ computer: string; pointId: string; volumeId: string; offset: number; length: number; diskOffset: number }>;
type Held = Readonly<{ requestId: string; name: string }>;

describe.each(serverKinds)('one byte of a pack flips, and a name is used twice, with $servers', ({ start }) => {
  let servers: RealServers | undefined;
  let lifeboat: Installation;
  let disk: DiskImage;
  let machineId: string;
  const inFolder = (name: string): string => path.join(lifeboat.folder, name);

  beforeAll(async () => {
    servers = await start();
    lifeboat = await Installation.start(servers?.env);
    disk = new DiskImage(inFolder('ws.img'), 200);
    await lifeboat.enrol('WS-042', disk.file);
    expect((await lifeboat.agent('WS-042', 'start', 'backup', '--json')).code).toBe(0);
    disk.withMount((folder) => tool('dd', 'if=/dev/urandom', `of=${path.join(folder, 'noise.bin')}`, 'bs=1M', 'count=20', 'status=none'));
    expect((await lifeboat.agent('WS-042', 'start', 'backup', '--json')).code).toBe(0);
    machineId = ((await lifeboat.admin('get', 'computers', '--json')).json['computers'] as { machineId: string }[])[0]?.machineId ?? '';
  });
  afterAll(async () => {
    await lifeboat.remove();
    await servers?.stop();
  });

  test('a second machine of the same name is held, writes nothing, and gets a chain of its own when told so', async () => {
    const other = new DiskImage(inFolder('other.img'), 100);
    const before = await lifeboat.admin('get', 'versions', 'WS-042', '--json');
    const held = await lifeboat.enrol('WS-042', other.file, 'second');
    expect(held.code).toBe(5);
    expect((await lifeboat.agent('second', 'start', 'backup')).code).toBe(5);
    expect((await lifeboat.admin('get', 'versions', 'WS-042', '--json')).json).toEqual(before.json);
    const [request] = (await lifeboat.admin('enrol', 'list', '--json')).json['requests'] as Held[];
    expect(request?.name).toBe('WS-042');
    expect((await lifeboat.admin('enrol', 'resolve', request?.requestId ?? '', '--as', 'separate')).code).toBe(0);
    const backup = await lifeboat.agent('second', 'start', 'backup', '--json');
    expect({ code: backup.code, stderr: backup.code === 0 ? '' : backup.stderr }).toEqual({ code: 0, stderr: '' });
    const computers = (await lifeboat.admin('get', 'computers', '--json')).json['computers'] as { machineId: string; name: string }[];
    expect(computers).toHaveLength(2);
    const chains = await Promise.all(computers.map(async ({ machineId }) => (await lifeboat.admin('get', 'versions', machineId, '--json')).json['versions'] as unknown[]));
    expect(chains.map((chain) => chain.length).sort()).toEqual([1, 2]);
    expect(chains.map((chain) => chain.map(withoutUnique))).toContainEqual((before.json['versions'] as unknown[]).map(withoutUnique));
  });

  test.each(['a/../../b', '..', '😀🚢', "Robert'); DROP TABLE computer;--"])('a computer may be called %s', async (name) => {
    const image = inFolder('named.img');
    fs.writeFileSync(image, Buffer.alloc(1024 * 1024, 7));
    expect((await lifeboat.enrol(name, image)).code).toBe(0);
    expect((await lifeboat.agent(name, 'start', 'backup')).code).toBe(0);
    expect(((await lifeboat.admin('get', 'versions', name, '--json')).json['versions'] as unknown[]).length).toBe(1);
  });

  test.each([
    { title: 'control characters', name: 'a\u0007b\u202e' },
    { title: '300 characters', name: 'x'.repeat(300) },
  ])('a name of $title is refused with a sentence', async ({ name }) => {
    const refused = await lifeboat.enrol(name, disk.file, 'refused');
    expect(refused.code).toBe(64);
    expect(refused.stderr).toMatch(/name/i);
  });

  test('fsck names computer, point, volume, offset and length; other points restore, the damaged one says what is lost', async () => {
    const versions = (await lifeboat.admin('get', 'versions', machineId, '--json')).json['versions'] as { id: string; createdAt: string }[];
    const ordered = versions.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    await lifeboat.stopServer();
    flipByteInNoise(path.join(lifeboat.dataFolder, 'store/packs'), 10 * 1024 * 1024);
    const checked = await lifeboat.admin('store', 'fsck', '--data', '--data-dir', lifeboat.dataFolder, '--json');
    expect(checked.code).toBe(3);
    const damage = checked.json['damage'] as Damage[];
    expect(damage.length).toBeGreaterThan(0);
    const newest = ordered.at(-1)?.id ?? '';
    for (const range of damage) expect(range).toMatchObject({ computer: 'WS-042', pointId: newest });
    await lifeboat.startServer();
    const untouched = inFolder('untouched.img');
    expect((await lifeboat.admin('start', 'recovery', machineId, '--version', ordered[0]?.id ?? '', '--disk', '0', '--to', untouched)).code).toBe(0);
    const partly = inFolder('partly.img');
    const restored = await lifeboat.admin('start', 'recovery', machineId, '--version', newest, '--disk', '0', '--to', partly, '--json');
    expect(restored.code).toBe(2);
    const reported = (restored.json['damaged'] as Damage[]).map(({ diskOffset, length }) => [diskOffset, diskOffset + length] as const);
    const differing = tool('bash', '-c', `cmp -l ${disk.file} ${partly} | awk '{print $1 - 1}' || true`).trim().split('\n').map(Number);
    expect(differing.length).toBeGreaterThan(0);
    expect(differing.filter((at) => !reported.some(([start, end]) => at >= start && at < end))).toEqual([]);
  });
});

/** Flips one bit of the sealed or open pack that holds the most, well inside its records, and takes the parity that would give it back. */
function flipByteInNoise(packs: string, minimumBytes: number): void {
  const files = [packs, path.join(packs, '../open')].flatMap((folder) => fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.endsWith('.par')).map((entry) => path.join(entry.parentPath, entry.name)));
  const [largest] = files.toSorted((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  fs.rmSync((largest ?? '').replace(/\.pack$/, '.par'), { force: true });
  const size = fs.statSync(largest ?? '').size;
  expect(size).toBeGreaterThan(minimumBytes);
  const fd = fs.openSync(largest ?? '', 'r+');
  const byte = Buffer.alloc(1);
  const at = size - 5 * 1024 * 1024;
  fs.readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  fs.writeSync(fd, byte, 0, 1, at);
  fs.closeSync(fd);
}
