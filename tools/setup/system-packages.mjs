// The programs that Lifeboat's demo and tests use besides npm packages, and how Debian and Ubuntu call the packages that hold them.
import fs from 'node:fs';
import { run, succeeds } from './run.mjs';

/** program → Debian package */
const forDemo = { 'mkfs.ext4': 'e2fsprogs', debugfs: 'e2fsprogs', 'mkfs.vfat': 'dosfstools', mcopy: 'mtools', sfdisk: 'fdisk', sgdisk: 'gdisk', mkswap: 'util-linux', lsblk: 'util-linux', cmp: 'diffutils' };
const forTests = { ...forDemo, 'redis-server': 'redis-server', chromium: 'chromium', losetup: 'mount', 'mkfs.xfs': 'xfsprogs', 'mkfs.btrfs': 'btrfs-progs', setpriv: 'util-linux', nbdinfo: 'libnbd-bin', fusermount3: 'fuse3', 'qemu-img': 'qemu-utils', mkntfs: 'ntfs-3g', setfattr: 'attr', 'mkfs.exfat': 'exfatprogs', pvcreate: 'lvm2', cryptsetup: 'cryptsetup-bin', mksquashfs: 'squashfs-tools', xorriso: 'xorriso', '/usr/lib/postgresql': 'postgresql' };

const folders = [...new Set([...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin'])];

function isInstalled(program) {
  if (program.startsWith('/')) return fs.existsSync(program) && fs.readdirSync(program).some((version) => fs.existsSync(`${program}/${version}/bin/postgres`));
  return folders.some((folder) => fs.existsSync(`${folder}/${program}`));
}

/** Installs what is missing when that is possible without asking; else names it and stops. */
export function ensureSystemPackages(purpose) {
  const wanted = Object.entries(purpose === 'tests' ? forTests : forDemo).filter(([program]) => !isInstalled(program));
  if (wanted.length === 0) return;
  const packages = [...new Set(wanted.map(([, name]) => name))].sort();
  if (process.getuid?.() === 0 && succeeds('apt-get', ['--version'])) {
    console.log(`Installing system packages: ${packages.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    // PostgreSQL and Redis are used as programs that the tests start themselves, never as system services.
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    return;
  }
  console.error(`These programs are missing: ${wanted.map(([program]) => program).join(', ')}.`);
  console.error(`On Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`);
  process.exit(1);
}
