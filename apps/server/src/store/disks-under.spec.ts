import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disksUnder } from './disks-under.js';

let sysfs: string;
beforeEach(() => {
  sysfs = mkdtempSync(join(tmpdir(), 'lifeboat-sysfs-'));
});
afterEach(() => { rmSync(sysfs, { recursive: true }); });

/** A device as the kernel shows it: a folder somewhere, and a link by its name. */
function device(name: string, folder: string, files: Readonly<Record<string, string>> = {}): void {
  const place = join(sysfs, 'devices', folder);
  mkdirSync(join(place, 'slaves'), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(place, file, '..'), { recursive: true });
    writeFileSync(join(place, file), text);
  }
  symlinkSync(place, join(sysfs, name));
}

test('finds the disks under a volume group through partitions, each once', async () => {
  // Any name in /dev will do as the device; what lies under it is told here.
  const top = realpathSync('/dev/null').split('/').at(-1) ?? '';
  device('sda', 'pci/sda', { 'device/serial': 'S1\n' });
  device('sda1', 'pci/sda/sda1', { partition: '1\n' });
  device('sdb', 'pci/sdb', { wwid: 'naa.5000' });
  device(top, 'virtual/dm-0');
  for (const slave of ['sda1', 'sdb']) writeFileSync(join(sysfs, 'devices/virtual/dm-0/slaves', slave), '');
  expect(await disksUnder('/dev/null', sysfs)).toEqual([{ name: 'sda', id: 'S1' }, { name: 'sdb', id: 'naa.5000' }]);
});

test.each(['overlay', 'nas:/export', '/dev/none-of-that-name'])('knows nothing of %s', async (name) => {
  expect(await disksUnder(name, sysfs)).toEqual([]);
});
