import fs from 'node:fs';
import path from 'node:path';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

const MIB = 1024 * 1024;
/** Points of each of three machines; a release makes 200 under 2 GiB (see docs/guarantees.md). */
const pointsEach = Number(process.env['LIFEBOAT_RETENTION_POINTS'] ?? 11);
const quotaBytes = pointsEach >= 200 ? 2048 * MIB : 320 * MIB;
const changedMib = 12;

type Version = Readonly<{ id: string; createdAt: string; state: string; deleted?: unknown }>;
type Status = Readonly<{ pressure: string; freeBytes: number; sizeBytes: number; liveBytes: number }>;

/** A disk without table or filesystem whose middle changes with every point. */
class ChangingDisk {
  private round = 0;
  constructor(readonly file: string) {
    tool('dd', 'if=/dev/urandom', `of=${file}`, 'bs=1M', 'count=24', 'status=none');
  }

  change(): void {
    this.round += 1;
    tool('dd', 'if=/dev/urandom', `of=${this.file}`, 'bs=1M', `count=${String(changedMib)}`, `seek=${String((this.round * 5) % 12)}`, 'conv=notrunc', 'status=none');
  }
}

function packBytes(lifeboat: Installation): number {
  return Number(tool('bash', '-c', `du -sb ${path.join(lifeboat.dataFolder, 'store')}/packs ${path.join(lifeboat.dataFolder, 'store')}/open 2>/dev/null | awk '{ sum += $1 } END { print sum }' || true`));
}

describe('a store that is too small for all history', () => {
  let lifeboat: Installation;
  const names = ['WS-1', 'WS-2', 'SRV-1'];
  const disks = new Map<string, ChangingDisk>();
  const versions = async (name: string): Promise<Version[]> => ((await lifeboat.admin('get', 'versions', name, '--json')).json['versions'] as Version[]).filter((version) => !version.deleted);

  beforeAll(async () => {
    lifeboat = await Installation.start({}, ['--quota', String(quotaBytes)]);
    for (const name of names) {
      const disk = new ChangingDisk(path.join(lifeboat.folder, `${name}.img`));
      disks.set(name, disk);
      expect((await lifeboat.enrol(name, disk.file)).code).toBe(0);
    }
  });
  afterAll(() => lifeboat.remove());

  test('keeps going: never over its quota, every machine keeps its newest points, and each that went has its reason', async () => {
    let most = 0;
    for (let point = 1; point <= pointsEach; point += 1) {
      for (const name of names) {
        disks.get(name)?.change();
        const run = await lifeboat.agent(name, 'start', 'backup', '--json');
        expect({ name, point, code: run.code, stderr: run.code === 0 ? '' : run.stderr + lifeboat.serverLog.slice(-3000) }).toEqual({ name, point, code: 0, stderr: '' });
        most = Math.max(most, packBytes(lifeboat));
      }
    }
    expect(most).toBeLessThanOrEqual(quotaBytes);
    const made = pointsEach * names.length;
    const left = await Promise.all(names.map((name) => versions(name)));
    expect(left.flat().length).toBeLessThan(made);
    for (const chain of left) expect(chain.length).toBeGreaterThanOrEqual(2);
    const status = (await lifeboat.admin('store', 'status', '--json')).json as unknown as Status;
    process.stdout.write(`${String(made)} points made, ${left.map((chain) => String(chain.length)).join(' + ')} left, at most ${String(Math.round(most / MIB))} of ${String(quotaBytes / MIB)} MiB, pressure ${status.pressure}\n`);
  });

  test('what is left restores byte for byte, and the store checks clean', async () => {
    for (const name of names) {
      const restored = path.join(lifeboat.folder, 'restored.img');
      expect((await lifeboat.admin('start', 'recovery', name, '--version', 'latest', '--disk', '0', '--to', restored)).code).toBe(0);
      tool('cmp', disks.get(name)?.file ?? '', restored);
      fs.rmSync(restored);
      const [oldest] = (await versions(name)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
      expect((await lifeboat.admin('start', 'recovery', name, '--version', oldest?.id ?? '', '--disk', '0', '--to', restored)).code).toBe(0);
      fs.rmSync(restored);
    }
    await lifeboat.stopServer();
    const checked = await lifeboat.admin('store', 'fsck', '--data', '--data-dir', lifeboat.dataFolder);
    expect({ code: checked.code, stdout: checked.code === 0 ? '' : checked.stdout }).toEqual({ code: 0, stdout: '' });
    const condemned = tool('bash', '-c', `grep -aoh '"type":"point.condemned"' ${path.join(lifeboat.dataFolder, 'store/ledger')}/*.led | wc -l`).trim();
    const reasons = tool('bash', '-c', `grep -aoh 'pressure: [^"]*' ${path.join(lifeboat.dataFolder, 'store/ledger')}/*.led | wc -l`).trim();
    expect(Number(condemned)).toBeGreaterThan(0);
    expect(Number(reasons)).toBeGreaterThan(0);
    await lifeboat.startServer();
  });
});

describe('a disk that others fill to the last byte', () => {
  let lifeboat: Installation;
  let store: string;

  beforeAll(async () => {
    lifeboat = await Installation.start();
    await lifeboat.stopServer();
    store = path.join(lifeboat.dataFolder, 'store');
    fs.renameSync(store, `${store}-aside`);
    fs.mkdirSync(store);
    tool('mount', '-t', 'tmpfs', '-o', 'size=1200m', 'tmpfs', store);
    tool('cp', '-a', `${store}-aside/.`, store);
    await lifeboat.startServer();
  });
  afterAll(async () => {
    await lifeboat.stopServer();
    tool('umount', store);
    await lifeboat.remove();
  });

  test('retention frees room, and the backup that waited goes on', async () => {
    const disk = new ChangingDisk(path.join(lifeboat.folder, 'squeezed.img'));
    await lifeboat.enrol('SQUEEZED', disk.file);
    for (let point = 0; point < 9; point += 1) {
      disk.change();
      expect((await lifeboat.agent('SQUEEZED', 'start', 'backup')).code).toBe(0);
    }
    const before = ((await lifeboat.admin('get', 'versions', 'SQUEEZED', '--json')).json['versions'] as Version[]).length;
    tool('bash', '-c', `dd if=/dev/zero of=${path.join(store, '../store/foreign.bin')} bs=1M status=none 2>/dev/null || true`);
    expect(fs.statfsSync(store).bavail).toBe(0);
    disk.change();
    const run = await lifeboat.agent('SQUEEZED', 'start', 'backup', '--json');
    expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr + lifeboat.serverLog.slice(-4000) }).toEqual({ code: 0, stderr: '' });
    const after = ((await lifeboat.admin('get', 'versions', 'SQUEEZED', '--json')).json['versions'] as Version[]).filter((version) => !version.deleted).length;
    expect(after).toBeLessThanOrEqual(before);
    const restored = path.join(lifeboat.folder, 'restored.img');
    expect((await lifeboat.admin('start', 'recovery', 'SQUEEZED', '--version', 'latest', '--disk', '0', '--to', restored)).code).toBe(0);
    tool('cmp', disk.file, restored);
  });
});
