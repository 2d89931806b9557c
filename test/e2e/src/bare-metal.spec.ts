import fs from 'node:fs';
import path from 'node:path';
import { DiskImage, differingBlocks, extractPartition, usedBlocksByDumpe2fs } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

const MIB = 1024 * 1024;

/** What sfdisk says of a disk, without what names the file and its size. */
function tableOf(file: string): string {
  return tool('sfdisk', '--dump', file).split('\n').filter((line) => !/^(device|last-lba)/.test(line)).map((line) => line.replace(/^.*?(\d+) : /, '$1 : ')).join('\n');
}

describe('a bare-metal restore onto a larger disk', () => {
  let lifeboat: Installation;
  let disk: DiskImage;
  let target: string;
  const restore = (...args: string[]): ReturnType<Installation['agent']> => lifeboat.agent('WS-042', 'start', 'sysrecovery', '--version', 'latest', '--disk', `0=${target}`, ...args);

  beforeAll(async () => {
    lifeboat = await Installation.start();
    disk = new DiskImage(path.join(lifeboat.folder, 'ws.img'), 300);
    disk.fill(60 * MIB);
    await lifeboat.enrol('WS-042', disk.file);
    expect((await lifeboat.agent('WS-042', 'start', 'backup')).code).toBe(0);
    target = path.join(lifeboat.folder, 'new-disk.img');
    fs.writeFileSync(target, '');
    fs.truncateSync(target, 700 * MIB);
    tool('sgdisk', '-n', '1:0:+100M', '-c', '1:photos', target);
  });
  afterAll(() => lifeboat.remove());

  test('a dry run shows what would be erased and changes nothing', async () => {
    const before = tool('sha256sum', target);
    const shown = await restore('--recreate-disks', '--dry-run');
    expect({ code: shown.code, stderr: shown.code === 0 ? '' : shown.stderr }).toEqual({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/photos/);
    expect(tool('sha256sum', target)).toBe(before);
  });

  test('a disk that is divided otherwise is refused without --recreate-disks, and without its name', async () => {
    const before = tool('sha256sum', target);
    expect((await restore('--confirm-serial', 'new-disk.img')).code).toBe(4);
    expect((await restore('--recreate-disks')).code).toBe(4);
    expect((await restore('--recreate-disks', '--confirm-serial', 'another.img')).code).toBe(4);
    expect(tool('sha256sum', target)).toBe(before);
  });

  test('makes the layout again and brings every used byte back', async () => {
    const restored = await restore('--recreate-disks', '--confirm-serial', 'new-disk.img');
    expect({ code: restored.code, stderr: restored.code === 0 ? '' : restored.stderr }).toEqual({ code: 0, stderr: '' });
    expect(fs.statSync(target).size).toBe(700 * MIB);
    expect(tool('sfdisk', '--verify', target)).toContain('No errors');
    expect(tool('sgdisk', '--verify', target)).toContain('No problems found');
    expect(tableOf(target)).toBe(tableOf(disk.file));
    const [wanted, got] = [extractPartition(disk.file, disk.ext4, path.join(lifeboat.folder, 'wanted')), extractPartition(target, disk.ext4, path.join(lifeboat.folder, 'got'))];
    tool('e2fsck', '-fn', got);
    expect(differingBlocks(wanted, got, usedBlocksByDumpe2fs(wanted))).toEqual([]);
    for (const place of [disk.efi, disk.swap]) tool('cmp', '-i', String(place.offsetBytes), '-n', String(place.lengthBytes), disk.file, target);
  });

  test('writes only the chosen volume when the layout is the same already', async () => {
    const damaged = fs.openSync(target, 'r+');
    fs.writeSync(damaged, Buffer.alloc(MIB, 0xaa), 0, MIB, disk.ext4.offsetBytes + 40 * MIB);
    fs.writeSync(damaged, Buffer.from('keep me'), 0, 7, disk.swap.offsetBytes + 50 * MIB);
    fs.closeSync(damaged);
    const volumes = (await lifeboat.admin('get', 'items', 'WS-042', '--version', 'latest', '--json')).stdout;
    const volumeId = /"volumeId": ?"([^"]*\/p2)"/.exec(volumes)?.[1] ?? '';
    const restored = await restore('--volume', volumeId, '--confirm-serial', 'new-disk.img');
    expect({ code: restored.code, stderr: restored.code === 0 ? '' : restored.stderr }).toEqual({ code: 0, stderr: '' });
    const [wanted, got] = [extractPartition(disk.file, disk.ext4, path.join(lifeboat.folder, 'wanted')), extractPartition(target, disk.ext4, path.join(lifeboat.folder, 'got'))];
    expect(differingBlocks(wanted, got, usedBlocksByDumpe2fs(wanted))).toEqual([]);
    const kept = Buffer.alloc(7);
    const fd = fs.openSync(target, 'r');
    fs.readSync(fd, kept, 0, 7, disk.swap.offsetBytes + 50 * MIB);
    fs.closeSync(fd);
    expect(kept.toString()).toBe('keep me');
  });
});
