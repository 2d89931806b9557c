import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

/** Rounds of each test; a release runs 200 (see docs/guarantees.md). */
const rounds = Number(process.env['LIFEBOAT_KILL_ROUNDS'] ?? 4);
const seed = Number(process.env['LIFEBOAT_KILL_SEED'] ?? Date.now() % 1_000_000);

type Version = Readonly<{ id: string; state: string }>;
type Chore = 'backup' | 'restore' | 'gc' | 'scrub';
type Victim = 'agent' | 'server' | 'both';

/** Numbers that come again with the same seed. */
function randomOf(start: number): (count: number) => number {
  let state = start;
  return (count) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

const ended = (child: ChildProcess): Promise<number | null> => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve(child.exitCode) : new Promise((resolve) => child.once('exit', resolve)));
const hashOf = (file: string): string => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** One computer whose disk changes every round, and everything that was ever committed of it. */
class KilledMachine {
  readonly disk: DiskImage;
  private readonly committed = new Map<string, string | null>();
  private written = 0;
  readonly killed: Record<string, number> = {};

  constructor(private readonly lifeboat: Installation, private readonly random: (count: number) => number, private readonly sizes: Readonly<{ ext4Mib: number; noiseMibMax: number }>,
    /** Makes room when a backup waits for it. */
    private readonly onParked?: () => void) {
    this.disk = new DiskImage(path.join(lifeboat.folder, 'killed.img'), sizes.ext4Mib);
    for (let file = 0; file < 3; file += 1) this.writeNoise(file, sizes.noiseMibMax);
  }

  /** Overwrites a part of a file of noise in place: no block is ever freed, so a restored disk is equal byte for byte. */
  change(): void {
    this.written += 1;
    this.writeNoise(this.written % 3, 1 + this.random(this.sizes.noiseMibMax));
  }

  private writeNoise(file: number, mib: number): void {
    this.disk.withMount((folder) => tool('dd', 'if=/dev/urandom', `of=${path.join(folder, `noise-${String(file)}.bin`)}`, 'bs=1M', `count=${String(mib)}`, 'conv=notrunc', 'status=none'));
  }

  /** Starts a chore, kills somebody at a random moment of it, and brings everything back. */
  async killDuring(chore: Chore, victim: Victim): Promise<void> {
    const child = this.start(chore);
    let stderr = '';
    child.stdout?.resume();
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    await Promise.race([wait(200 + this.random(2500)), ended(child)]);
    this.killed[`${chore}:${victim}`] = (this.killed[`${chore}:${victim}`] ?? 0) + 1;
    if (victim !== 'server') child.kill('SIGKILL');
    if (victim !== 'agent') {
      await this.lifeboat.stopServer('SIGKILL');
      await this.lifeboat.startServer();
    }
    await ended(child);
    expect(stderr).not.toContain('SESSION_ROLLED_BACK');
    expect(stderr).not.toMatch(/INTERNAL_ERROR|unexpected error/);
  }

  private start(chore: Chore): ChildProcess {
    if (chore === 'backup') return this.lifeboat.startAgent('KILLED', 'start', 'backup');
    if (chore === 'restore') return this.lifeboat.startAdmin('start', 'recovery', 'KILLED', '--version', 'latest', '--disk', '0', '--to', path.join(this.lifeboat.folder, `half-${String(this.written)}.img`));
    return this.lifeboat.startAdmin('store', chore);
  }

  /** A backup that nobody kills: it goes on where the killed ones stopped. */
  async backUp(): Promise<void> {
    const before = hashOf(this.disk.file);
    const run = this.lifeboat.agent('KILLED', 'start', 'backup', '--json');
    const goesOn = async (): Promise<boolean> => (await Promise.race([run, wait(1000, 'goes on' as const)])) === 'goes on';
    while (this.onParked && (await goesOn())) if (await this.isParked()) this.onParked();
    const { code, stderr, json } = await run;
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    this.committed.set(String(json['pointId']), before);
    // Retention may thin what nobody asked to keep; here every point has to stay.
    expect((await this.lifeboat.admin('pin', 'KILLED', '--version', String(json['pointId']), '--reason', 'killed and kept')).code).toBe(0);
  }

  private async isParked(): Promise<boolean> {
    const jobs = (await this.lifeboat.admin('jobs', '--json')).json['jobs'] as { state: string }[];
    return jobs.some((job) => job.state === 'parked');
  }

  /** Every point that was ever committed is there and good; points whose answer the kill swallowed may be there beside them. */
  async assertNothingLost(): Promise<void> {
    const versions = (await this.lifeboat.admin('get', 'versions', 'KILLED', '--json')).json['versions'] as Version[];
    const known = new Map(versions.map((version) => [version.id, version.state]));
    for (const id of this.committed.keys()) expect({ id, state: known.get(id) }).toEqual({ id, state: 'good' });
    for (const id of known.keys()) if (!this.committed.has(id)) this.committed.set(id, null);
  }

  /** Restores a random point whose disk is known and compares every byte by hash. */
  async assertRestores(): Promise<void> {
    const known = [...this.committed].filter(([, hash]) => hash !== null);
    const [id, hash] = known[this.random(known.length)] ?? ['', ''];
    const file = path.join(this.lifeboat.folder, 'restored.img');
    const run = await this.lifeboat.admin('start', 'recovery', 'KILLED', '--version', id, '--disk', '0', '--to', file);
    expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(hashOf(file)).toBe(hash);
    fs.rmSync(file);
  }

  async assertStoreClean(): Promise<void> {
    await this.lifeboat.stopServer();
    const checked = await this.lifeboat.admin('store', 'fsck', '--data', '--data-dir', this.lifeboat.dataFolder);
    expect({ code: checked.code, stdout: checked.code === 0 ? '' : checked.stdout }).toEqual({ code: 0, stdout: '' });
    await this.lifeboat.startServer();
  }
}

async function survive(machine: KilledMachine, random: (count: number) => number, chores: readonly Chore[]): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    machine.change();
    const chore = chores[random(chores.length)] ?? 'backup';
    await machine.killDuring(chore, (['agent', 'server', 'both'] as const)[random(3)] ?? 'both');
    await machine.backUp();
    await machine.assertNothingLost();
    if (round % 5 === 0 || round === rounds) await machine.assertRestores();
  }
  await machine.assertStoreClean();
  process.stdout.write(`seed ${String(seed)}: ${String(rounds)} rounds of SIGKILL survived: ${JSON.stringify(machine.killed)}\n`);
}

describe('kill -9 at random moments', () => {
  let lifeboat: Installation;
  afterEach(() => lifeboat.remove());

  test('of backup, restore, garbage collection and scrub loses no acknowledged byte and no point', async () => {
    lifeboat = await Installation.start();
    const random = randomOf(seed);
    const machine = new KilledMachine(lifeboat, random, { ext4Mib: 200, noiseMibMax: 48 });
    await lifeboat.enrol('KILLED', machine.disk.file);
    await machine.backUp();
    await survive(machine, random, ['backup', 'backup', 'restore', 'gc', 'scrub']);
  });

  test('on a store of 64 MiB that fills up loses no acknowledged byte and no point', async () => {
    lifeboat = await Installation.start();
    await lifeboat.stopServer();
    const store = path.join(lifeboat.dataFolder, 'store');
    fs.renameSync(store, `${store}-aside`);
    fs.mkdirSync(store);
    tool('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', store);
    try {
      // The reserve of a large disk does not fit a small one, which makes its own.
      fs.rmSync(`${store}-aside/reserve`, { recursive: true });
      tool('cp', '-a', `${store}-aside/.`, store);
      await lifeboat.startServer();
      let mib = 64;
      let parked = 0;
      const random = randomOf(seed + 1);
      const machine = new KilledMachine(lifeboat, random, { ext4Mib: 100, noiseMibMax: 14 }, () => {
        mib += 16;
        parked += 1;
        tool('mount', '-o', `remount,size=${String(mib)}m`, store);
      });
      await lifeboat.enrol('KILLED', machine.disk.file);
      await machine.backUp();
      await survive(machine, random, ['backup', 'backup', 'gc', 'scrub']);
      expect(parked).toBeGreaterThan(0);
    } finally {
      await lifeboat.stopServer();
      tool('umount', store);
    }
  });
});
