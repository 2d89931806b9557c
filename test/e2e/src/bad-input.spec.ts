import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { runCommand, tool, userEnvironment } from './support/programs.js';

/** A small disk image without table or filesystem: opaque, quick to back up. */
function rawImage(file: string, bytes = 1024 * 1024): string {
  fs.writeFileSync(file, Buffer.alloc(bytes, 3));
  return file;
}

describe('bad input gets a clear error and loses nothing', () => {
  let lifeboat: Installation;
  const inFolder = (name: string): string => path.join(lifeboat.folder, name);

  beforeAll(async () => {
    lifeboat = await Installation.start();
  });
  afterAll(() => lifeboat.remove());

  test.each([
    { title: 'does not exist', disk: '/nowhere/disk.img', says: /no disk or image/i },
    { title: 'is a directory', disk: '/usr', says: /directory/i },
  ])('a disk path that $title', async ({ disk, says }) => {
    const refused = await lifeboat.enrol('BAD-DISK', disk, `bad-${path.basename(disk)}`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(says);
    expect(refused.stderr).not.toMatch(/\bat .*\.js:\d+/);
  });

  test('a token that was used up, and one that never was', async () => {
    const created = await lifeboat.admin('enrol', 'token', 'create', '--json');
    const token = String(created.json['token']);
    const enrol = (name: string, withToken: string): ReturnType<Installation['agent']> => lifeboat.agent(name, 'enrol', '--server', lifeboat.url, '--token', withToken, '--name', name, '--disk', rawImage(inFolder(`${name}.img`)));
    expect((await enrol('TOKEN-1', token)).code).toBe(0);
    const reused = await enrol('TOKEN-2', token);
    expect({ code: reused.code, says: /token/i.test(reused.stderr) }).toEqual({ code: 5, says: true });
    expect((await enrol('TOKEN-3', 'no-such-token')).code).toBe(5);
  });

  test('a server with another key', async () => {
    await lifeboat.enrol('PINNED', rawImage(inFolder('pinned.img')));
    const impostor = await Installation.start();
    const state = fs.readdirSync(lifeboat.folder).find((name) => name.includes(Buffer.from('PINNED').toString('hex'))) ?? '';
    const identityFile = path.join(lifeboat.folder, state, 'identity.json');
    fs.writeFileSync(identityFile, fs.readFileSync(identityFile, 'utf8').replaceAll(lifeboat.url, impostor.url));
    const refused = await lifeboat.agent('PINNED', 'start', 'backup');
    await impostor.remove();
    expect({ code: refused.code, says: /key/i.test(refused.stderr) }).toEqual({ code: 5, says: true });
  });

  test('a port that is taken, and a data directory that is owned', async () => {
    const port = await runCommand('lifeboat', ['server', 'start', '--data', inFolder('other-server'), '--port', String(lifeboat.port)], userEnvironment());
    expect({ code: port.code, says: /in use/i.test(port.stderr) }).toEqual({ code: 7, says: true });
    const owned = await runCommand('lifeboat', ['server', 'start', '--data', lifeboat.dataFolder, '--port', '1'], userEnvironment());
    expect({ code: owned.code, says: /using this store/i.test(owned.stderr) }).toEqual({ code: 7, says: true });
  });

  test('a filesystem that needs recovery, unless the admin allows it', async () => {
    const disk = new DiskImage(inFolder('dirty.img'), 100);
    disk.withLoop(disk.ext4, (device) => tool('debugfs', '-w', '-R', 'feature needs_recovery', device));
    await lifeboat.enrol('DIRTY', disk.file);
    const refused = await lifeboat.agent('DIRTY', 'start', 'backup');
    expect({ code: refused.code, says: /FS_NEEDS_RECOVERY/.test(refused.stderr) }).toEqual({ code: 4, says: true });
    expect((await lifeboat.admin('get', 'versions', 'DIRTY', '--json')).json['versions']).toEqual([]);
    expect((await lifeboat.agent('DIRTY', 'start', 'backup', '--allow-inconsistent')).code).toBe(2);
    expect((await lifeboat.admin('get', 'versions', 'DIRTY', '--json')).json['versions']).toMatchObject([{ state: 'suspect' }]);
  });

  test('a volume that is mounted read-write', async () => {
    const disk = new DiskImage(inFolder('mounted.img'), 100);
    await lifeboat.enrol('MOUNTED', disk.file);
    const device = tool('losetup', '--find', '--show', '--offset', String(disk.ext4.offsetBytes), '--sizelimit', String(disk.ext4.lengthBytes), disk.file).trim();
    const folder = fs.mkdtempSync(inFolder('mount-'));
    tool('mount', device, folder);
    const refused = await lifeboat.agent('MOUNTED', 'start', 'backup');
    tool('umount', folder);
    tool('losetup', '--detach', device);
    expect({ code: refused.code, says: /VOLUME_MOUNTED_READ_WRITE/.test(refused.stderr) }).toEqual({ code: 4, says: true });
    expect((await lifeboat.agent('MOUNTED', 'start', 'backup')).code).toBe(0);
  });

  test('a partition table whose first copy is damaged: the second is used, and it is said so', async () => {
    const disk = new DiskImage(inFolder('gpt.img'), 100);
    const fd = fs.openSync(disk.file, 'r+');
    fs.writeSync(fd, Buffer.from([0xff]), 0, 1, 512 + 40);
    fs.closeSync(fd);
    await lifeboat.enrol('GPT', disk.file);
    const backup = await lifeboat.agent('GPT', 'start', 'backup', '--json');
    expect(backup.code).toBe(2);
    expect(backup.stdout + backup.stderr).toMatch(/GPT_PRIMARY_DAMAGED/);
  });
});

describe('a store that fills up', () => {
  let lifeboat: Installation;
  let store: string;

  beforeAll(async () => {
    lifeboat = await Installation.start();
    await lifeboat.stopServer();
    store = path.join(lifeboat.dataFolder, 'store');
    const aside = `${store}-aside`;
    fs.renameSync(store, aside);
    fs.mkdirSync(store);
    tool('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', store);
    // The reserve of a large disk does not fit a small one, which makes its own.
    fs.rmSync(path.join(aside, 'reserve'), { recursive: true });
    tool('cp', '-a', `${aside}/.`, store);
    await lifeboat.startServer();
  });
  afterAll(async () => {
    await lifeboat.stopServer();
    tool('umount', store);
    await lifeboat.remove();
  });

  test('parks the backup, which goes on by itself when there is space again', async () => {
    const disk = new DiskImage(path.join(lifeboat.folder, 'full.img'), 300);
    disk.withMount((folder) => tool('dd', 'if=/dev/urandom', `of=${path.join(folder, 'noise.bin')}`, 'bs=1M', 'count=150', 'status=none'));
    await lifeboat.enrol('FULL', disk.file);
    const agent: ChildProcess = lifeboat.startAgent('FULL', 'start', 'backup');
    agent.stdout?.resume();
    agent.stderr?.resume();
    const ended = new Promise<number | null>((resolve) => agent.once('exit', resolve));
    const parked = async (): Promise<boolean> => ((await lifeboat.admin('jobs', '--json')).json['jobs'] as { state: string }[]).some((job) => job.state === 'parked');
    for (let tries = 0; tries < 60 && !(await parked()); tries += 1) await wait(500);
    expect(await parked()).toBe(true);
    expect(agent.exitCode).toBeNull();
    tool('mount', '-o', 'remount,size=400m', store);
    expect(await ended).toBe(0);
    const restored = path.join(lifeboat.folder, 'restored.img');
    expect((await lifeboat.admin('start', 'recovery', 'FULL', '--version', 'latest', '--disk', '0', '--to', restored)).code).toBe(0);
    tool('cmp', disk.file, restored);
  });
});
