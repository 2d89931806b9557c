import fs from 'node:fs';
import path from 'node:path';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

const MIB = 1024 * 1024;

type Version = Readonly<{ id: string; state: string; createdAt: string }>;
type Damage = Readonly<{ computer: string; pointId: string; volumeId: string; offset: number; length: number; files: readonly { path: string; offset: number }[] | null }>;

describe('bytes of a pack rot', () => {
  let lifeboat: Installation;
  let disk: DiskImage;
  const inFolder = (name: string): string => path.join(lifeboat.folder, name);
  const store = (): string => path.join(lifeboat.dataFolder, 'store');

  beforeAll(async () => {
    lifeboat = await Installation.start();
    disk = new DiskImage(inFolder('heal.img'), 200);
    disk.withMount((folder) => {
      fs.mkdirSync(path.join(folder, 'photos'));
      tool('dd', 'if=/dev/urandom', `of=${path.join(folder, 'photos/holiday.raw')}`, 'bs=1M', 'count=100', 'status=none');
    });
    await lifeboat.enrol('HEAL', disk.file);
    expect((await lifeboat.agent('HEAL', 'start', 'backup')).code).toBe(0);
    expect((await lifeboat.agent('HEAL', 'start', 'backup')).code).toBe(0);
    await lifeboat.stopServer();
    await lifeboat.startServer();
    const first = await lifeboat.admin('store', 'scrub', '--json');
    expect({ code: first.code, damaged: first.json['damagedPacks'], stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, damaged: 0, stderr: '' });
  });
  afterAll(() => lifeboat.remove());

  const versions = async (): Promise<Version[]> => (await lifeboat.admin('get', 'versions', 'HEAL', '--json')).json['versions'] as Version[];

  /** Overwrites a stretch in the middle of the largest pack while the server is down. */
  async function rot(bytes: number): Promise<void> {
    await lifeboat.stopServer();
    const pack = largestPack(path.join(store(), 'packs'));
    const fd = fs.openSync(pack, 'r+');
    const at = Math.floor(fs.fstatSync(fd).size / 2);
    const stretch = Buffer.alloc(bytes);
    fs.readSync(fd, stretch, 0, bytes, at);
    for (let index = 0; index < bytes; index += 1) stretch[index] = (stretch[index] ?? 0) ^ 0x5a;
    fs.writeSync(fd, stretch, 0, bytes, at);
    fs.closeSync(fd);
    await lifeboat.startServer();
  }

  async function assertRestores(): Promise<void> {
    for (const { id } of await versions()) {
      const file = inFolder('restored.img');
      const run = await lifeboat.admin('start', 'recovery', 'HEAL', '--version', id, '--disk', '0', '--to', file);
      expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr }).toEqual({ code: 0, stderr: '' });
      tool('cmp', disk.file, file);
      fs.rmSync(file);
    }
  }

  test.each([{ bytes: 1 }, { bytes: MIB }])('$bytes of them: parity gives them back, and the original is kept as evidence', async ({ bytes }) => {
    await rot(bytes);
    const scrubbed = await lifeboat.admin('store', 'scrub', '--json');
    expect({ code: scrubbed.code, json: scrubbed.json }).toMatchObject({ code: 2, json: { damagedPacks: 1, lostChunks: 0 } });
    expect(Number(scrubbed.json['repairedChunks'])).toBeGreaterThan(0);
    expect(fs.readdirSync(path.join(store(), 'quarantine'), { recursive: true }).some((name) => String(name).includes('.pack'))).toBe(true);
    expect((await lifeboat.admin('store', 'scrub', '--json')).code).toBe(0);
    await assertRestores();
  });

  test('more than parity can give back: every point says exactly what it lost, and the next backup heals all of them', async () => {
    await rot(8 * MIB);
    const scrubbed = await lifeboat.admin('store', 'scrub', '--json');
    expect(scrubbed.code).toBe(3);
    expect((await versions()).map(({ state }) => state)).toEqual(['damaged', 'damaged']);
    const damage = (await lifeboat.admin('store', 'damage', '--json')).json['ranges'] as Damage[];
    const lostBytes = damage.reduce((sum, { length }) => sum + length, 0);
    // Two points; a segment that was hit is lost as a whole at worst.
    expect(lostBytes).toBeGreaterThan(2 * 4 * MIB);
    expect(lostBytes).toBeLessThan(2 * 12 * MIB);
    for (const range of damage) expect(range).toMatchObject({ computer: 'HEAL', volumeId: expect.stringContaining('p2') as string });
    expect(damage.some(({ files }) => files?.some((file) => file.path === '/photos/holiday.raw'))).toBe(true);
    const healed = await lifeboat.agent('HEAL', 'start', 'backup', '--json');
    expect({ code: healed.code, stderr: healed.code === 0 ? '' : healed.stderr }).toEqual({ code: 0, stderr: '' });
    expect((healed.json['bytes'] as { sent: number }).sent).toBeGreaterThan(4 * MIB);
    expect((await versions()).map(({ state }) => state)).toEqual(['good', 'good', 'good']);
    expect((await lifeboat.admin('store', 'damage', '--json')).json['ranges']).toEqual([]);
    await assertRestores();
    await lifeboat.stopServer();
    expect((await lifeboat.admin('store', 'fsck', '--data', '--data-dir', lifeboat.dataFolder)).code).toBe(0);
    await lifeboat.startServer();
  });
});

function largestPack(packs: string): string {
  const files = fs.readdirSync(packs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.pack')).map((entry) => path.join(entry.parentPath, entry.name));
  const [largest] = files.toSorted((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  if (largest === undefined) throw new Error('the store has no pack');
  return largest;
}
