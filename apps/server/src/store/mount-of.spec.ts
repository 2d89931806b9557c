import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { findMount, mountOf } from './mount-of.js';

const mountInfo = [
  '22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw',
  '30 22 0:25 / /srv rw shared:5 - ext4 /dev/vdb1 rw',
  '31 30 0:26 / /srv/back\\040ups rw - xfs /dev/mapper/vg-back\\040ups rw',
  '32 22 0:27 / /srv rw - ext4 /dev/vdc1 rw',
].join('\n');

test.each([
  { path: '/srv/back ups/store', expected: { device: '/dev/mapper/vg-back ups', mountPoint: '/srv/back ups' } },
  { path: '/srv/other', expected: { device: '/dev/vdc1', mountPoint: '/srv' } },
  { path: '/srvice', expected: { device: '/dev/vda1', mountPoint: '/' } },
])('$path lies on $expected.device', ({ path, expected }) => {
  expect(findMount(mountInfo, path)).toEqual(expected);
});

test('agrees with df about this computer', async () => {
  const [device, mountPoint] = execFileSync('df', ['--output=source,target', tmpdir()], { encoding: 'utf8' }).trim().split('\n').at(-1)?.split(/\s+/) ?? [];
  expect((await mountOf(tmpdir())).mountPoint).toBe(mountPoint);
  expect(device).toBeDefined();
});
