import { linkSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { MIB } from '@lifeboat/model';
import { attachLoop, runTool, temporaryDirectory } from '../testing/run-tool.js';
import { findMounts } from './find-mounts.js';
import { disksOf, listDisks } from './list-disks.js';
import { parseMountInfo, parseSwaps } from './mount-table.js';

const directory = temporaryDirectory();
const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});
afterAll(() => {
  directory.remove();
});
let made = 0;

function image(sizeBytes: number): string {
  made += 1;
  const path = join(directory.path, `inventory-${String(made)}.img`);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

function mounted(what: string, options: string): string {
  made += 1;
  const mountPoint = join(directory.path, `mount point ${String(made)}`);
  mkdirSync(mountPoint);
  runTool('mount', ['-o', options, what, mountPoint]);
  undo.push(() => void runTool('umount', [mountPoint]));
  return mountPoint;
}

function looped(path: string, options: readonly string[] = []): string {
  const loop = attachLoop(path, options);
  undo.push(loop.detach);
  return loop.path;
}

function formatted(sizeBytes = 16 * MIB): string {
  const path = image(sizeBytes);
  runTool('mkfs.ext4', ['-q', path]);
  return path;
}

describe('findMounts', () => {
  test('an image that nobody uses', async () => {
    expect(await findMounts(formatted())).toEqual([]);
  });

  test('an image mounted through a loop device, found by its name, a hard link and the loop device', async () => {
    const path = formatted();
    const mountPoint = mounted(path, 'loop');
    const link = `${path}.link`;
    linkSync(path, link);
    const expected = [{ use: 'filesystem', mountPoint, filesystem: 'ext4', readWrite: true, extent: { offsetBytes: 0, lengthBytes: 16 * MIB } }];
    const found = await findMounts(path);
    expect(found).toMatchObject(expected);
    expect(await findMounts(link)).toEqual(found);
    expect(await findMounts(found[0]?.devicePath ?? '')).toEqual(found);
  });

  test('read-only, and a read-only view of a writable mount', async () => {
    const readOnly = formatted();
    mounted(readOnly, 'loop,ro');
    expect((await findMounts(readOnly)).map((mount) => mount.readWrite)).toEqual([false]);
    const writable = formatted();
    const first = mounted(writable, 'loop');
    const view = mounted(first, 'bind');
    runTool('mount', ['-o', 'remount,bind,ro', view]);
    expect((await findMounts(writable)).map((mount) => mount.readWrite)).toEqual([true, true]);
  });

  test('a partition of an image, mounted at an offset and as a partition device', async () => {
    const path = image(64 * MIB);
    runTool('sfdisk', ['-q', path], 'label: gpt\nsize=16MiB\nsize=16MiB\n');
    const second = looped(path, ['--offset', String(17 * MIB), '--sizelimit', String(16 * MIB)]);
    runTool('mkfs.ext4', ['-q', second]);
    mounted(second, 'rw');
    const extent = { offsetBytes: 17 * MIB, lengthBytes: 16 * MIB };
    expect(await findMounts(path)).toMatchObject([{ devicePath: second, extent }]);
    runTool('umount', [join(directory.path, `mount point ${String(made)}`)]);
    undo.pop();
    const whole = looped(path);
    runTool('partx', ['--add', whole]);
    undo.push(() => void runTool('partx', ['--delete', whole]));
    mounted(`${whole}p2`, 'rw');
    expect(await findMounts(path)).toMatchObject([{ devicePath: `${whole}p2`, extent }]);
    expect(await findMounts(whole)).toMatchObject([{ devicePath: `${whole}p2`, extent }]);
    expect(await findMounts(`${whole}p1`)).toEqual([]);
  });

  test('a loop device over a loop device', async () => {
    const path = image(32 * MIB);
    const outer = looped(path, ['--offset', String(MIB)]);
    const inner = looped(outer, ['--offset', String(MIB)]);
    runTool('mkfs.ext4', ['-q', inner]);
    mounted(inner, 'rw');
    expect(await findMounts(path)).toMatchObject([{ devicePath: inner, extent: { offsetBytes: 2 * MIB, lengthBytes: 30 * MIB } }]);
  });

  test('both devices of a btrfs of two', async () => {
    const [left, right] = [image(128 * MIB), image(128 * MIB)];
    const [first, second] = [looped(left), looped(right)];
    runTool('mkfs.btrfs', ['-q', '-d', 'raid1', '-m', 'raid1', first, second]);
    runTool('btrfs', ['device', 'scan', first, second]);
    const mountPoint = mounted(first, `device=${first},device=${second}`);
    expect(await findMounts(left)).toMatchObject([{ mountPoint, filesystem: 'btrfs', devicePath: first }]);
    expect(await findMounts(right)).toMatchObject([{ mountPoint, filesystem: 'btrfs', devicePath: second }]);
  });

  test('swap in use', async () => {
    const path = image(16 * MIB);
    const loop = looped(path);
    runTool('mkswap', [loop]);
    runTool('swapon', [loop]);
    undo.push(() => void runTool('swapoff', [loop]));
    expect(await findMounts(path)).toMatchObject([{ use: 'swap', mountPoint: '[SWAP]', devicePath: loop, readWrite: true }]);
  });

  test('a path that is no disk', async () => {
    await expect(findMounts(directory.path)).rejects.toMatchObject({ code: 'BLOCK_PATH_IS_DIRECTORY' });
    await expect(findMounts(join(directory.path, 'none'))).rejects.toMatchObject({ code: 'BLOCK_PATH_MISSING' });
  });
});

test('mount tables: escapes, optional fields, nonsense', () => {
  const table = '36 35 98:0 /mnt1 /mnt\\0402\\011x rw,noatime master:1 shared:2 - ext3 /dev/ro\\134ot ro,errors=continue\nnonsense\n\n1 2 3:4 / / ro - tmpfs none rw\n';
  expect(parseMountInfo(table)).toEqual([
    { deviceNumber: '98:0', mountPoint: '/mnt 2\tx', filesystem: 'ext3', source: '/dev/ro\\ot', readWrite: false },
    { deviceNumber: '3:4', mountPoint: '/', filesystem: 'tmpfs', source: 'none', readWrite: true },
  ]);
  expect(parseSwaps('Filename\tType\n/dev/sda\\0402 partition 1 0 -2\n\n')).toEqual(['/dev/sda 2']);
  fc.assert(fc.property(fc.string(), (text) => {
    expect(Array.isArray(parseMountInfo(text))).toBe(true);
    expect(Array.isArray(parseSwaps(text))).toBe(true);
  }));
});

describe('listDisks', () => {
  test('this computer: what /sys says', async () => {
    const disks = await listDisks();
    for (const disk of disks) {
      const name = disk.path.replace('/dev/', '').replaceAll('/', '!');
      expect(disk.sizeBytes).toBe(Number(runTool('cat', [`/sys/block/${name}/size`])) * 512);
      expect(disk.logicalSectorBytes).toBe(Number(runTool('cat', [`/sys/block/${name}/queue/logical_block_size`])));
    }
    expect(disks.map((disk) => disk.path).filter((path) => /loop|ram|sr\d/.test(path))).toEqual([]);
  });

  const recorded = {
    blockdevices: [
      { name: 'loop0', kname: 'loop0', path: '/dev/loop0', type: 'loop', size: 4096 },
      { name: 'zram0', kname: 'zram0', path: '/dev/zram0', type: 'disk', size: 4096 },
      { name: 'sr0', kname: 'sr0', path: '/dev/sr0', type: 'rom', size: 1_073_741_312, rm: true },
      { name: 'sdc', kname: 'sdc', path: '/dev/sdc', type: 'disk', size: 0, rm: true, tran: 'usb' },
      { name: 'sdb', kname: 'sdb', path: '/dev/sdb', type: 'disk', size: 31_457_280, rm: true, ro: false, tran: 'usb', model: 'Stick   ', serial: 'S1' },
      {
        name: 'nvme0n1', kname: 'nvme0n1', path: '/dev/nvme0n1', type: 'disk', size: 512_110_190_592, 'log-sec': 512, 'phy-sec': 4096, rm: false, ro: false, hotplug: false,
        model: 'Disk', serial: 'N1', wwn: 'eui.1', tran: 'nvme', fstype: null, mountpoints: [null],
        children: [
          { name: 'nvme0n1p1', kname: 'nvme0n1p1', path: '/dev/nvme0n1p1', type: 'part', size: 536_870_912, fstype: 'vfat', label: 'EFI', uuid: 'AAAA-BBBB', mountpoints: ['/boot/efi'] },
          {
            name: 'nvme0n1p2', kname: 'nvme0n1p2', path: '/dev/nvme0n1p2', type: 'part', size: 511_573_319_680, fstype: 'LVM2_member', mountpoints: [null],
            children: [{ name: 'vg-root', kname: 'dm-0', path: '/dev/mapper/vg-root', type: 'lvm', size: 1_073_741_824, fstype: 'ext4', mountpoints: ['/', '/mnt/x'] }],
          },
        ],
      },
    ],
  };

  test('fixed and removable disks with what is on them', () => {
    expect(disksOf(JSON.stringify(recorded))).toMatchObject([
      {
        path: '/dev/nvme0n1', model: 'Disk', serial: 'N1', transport: 'nvme', sizeBytes: 512_110_190_592, logicalSectorBytes: 512, physicalSectorBytes: 4096, removable: false, mountPoints: [],
        children: [
          { path: '/dev/nvme0n1p1', type: 'part', filesystem: 'vfat', mountPoints: ['/boot/efi'], children: [] },
          { path: '/dev/nvme0n1p2', children: [{ path: '/dev/mapper/vg-root', type: 'lvm', mountPoints: ['/', '/mnt/x'] }] },
        ],
      },
      { path: '/dev/sdb', removable: true, model: 'Stick', logicalSectorBytes: 512 },
    ]);
  });

  test('an old lsblk, which prints text and fewer columns', () => {
    const old = { blockdevices: [{ name: 'sda', 'maj:min': '8:0', rm: '0', size: '1000204886016', ro: '0', type: 'disk', mountpoint: null, children: [{ name: 'sda1', rm: '0', size: '1024', ro: '0', type: 'part', mountpoint: '/boot' }] }] };
    expect(disksOf(JSON.stringify(old))).toMatchObject([{ path: '/dev/sda', sizeBytes: 1_000_204_886_016, removable: false, serial: null, children: [{ path: '/dev/sda1', mountPoints: ['/boot'] }] }]);
  });

  test('something else is refused', () => {
    expect(() => disksOf('{"blockdevices": [{"name": 5}]}')).toThrow();
    expect(() => disksOf('lsblk: error')).toThrow();
  });
});
