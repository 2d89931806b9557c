// Makes a sample disk as an image file with the tools every Linux has, without root: GPT, an EFI system partition, ext4 and swap.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const MIB = 1024 * 1024;
const quiet = { stdio: ['ignore', 'ignore', 'pipe'] };

/** Smaller files cost the demo minutes and show nothing more. */
const fileBytesMin = 16 * 1024;

/** Copies files below `from` into `to` until `bytesMax` is reached, in a stable order. */
function copySome(from, to, bytesMax) {
  let left = bytesMax;
  const visit = (folder) => {
    for (const entry of fs.readdirSync(path.join(from, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (left <= 0) return;
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) visit(name);
      else if (entry.isFile()) {
        const { size } = fs.statSync(path.join(from, name));
        if (size < fileBytesMin) continue;
        const target = path.join(to, name);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.copyFileSync(path.join(from, name), target);
        left -= size;
      }
    }
  };
  visit('');
}

/** `sizes` in MiB. The root filesystem is filled with files from /usr/share. Returns where its ext4 begins, in bytes. */
export function makeSampleDisk({ file, workFolder, sizeMib, efiMib, swapMib, fillMib, label }) {
  const rootMib = sizeMib - efiMib - swapMib - 2;
  fs.rmSync(file, { force: true });
  fs.closeSync(fs.openSync(file, 'w'));
  fs.truncateSync(file, sizeMib * MIB);
  const table = ['label: gpt', `start=1MiB, size=${efiMib}MiB, type=U, name="EFI system"`, `size=${rootMib}MiB, type=L, name="root"`, `size=${swapMib}MiB, type=S, name="swap"`].join('\n');
  execFileSync('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', file], { input: `${table}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
  const efiAt = 1 * MIB;
  const rootAt = efiAt + efiMib * MIB;
  makeEfi({ file, workFolder, efiAt, efiMib });
  const content = path.join(workFolder, 'content');
  fs.rmSync(content, { recursive: true, force: true });
  copySome('/usr/share', path.join(content, 'usr/share'), fillMib * MIB);
  fs.mkdirSync(path.join(content, 'home/anna'), { recursive: true });
  fs.writeFileSync(path.join(content, 'home/anna/diary.txt'), 'Day one: we built a lifeboat.\n');
  execFileSync('mkfs.ext4', ['-q', '-F', '-L', label, '-d', content, '-E', `offset=${rootAt},root_owner=0:0`, file, `${rootMib}m`], quiet);
  makeSwap({ file, workFolder, swapAt: rootAt + rootMib * MIB, swapMib });
  fs.rmSync(content, { recursive: true, force: true });
  return rootAt;
}

function makeEfi({ file, workFolder, efiAt, efiMib }) {
  const part = path.join(workFolder, 'efi.img');
  fs.rmSync(part, { force: true });
  fs.closeSync(fs.openSync(part, 'w'));
  fs.truncateSync(part, efiMib * MIB);
  execFileSync('mkfs.vfat', ['-F', '32', '-s', '1', '-n', 'EFI', part], quiet);
  const loader = path.join(workFolder, 'BOOTX64.EFI');
  fs.writeFileSync(loader, Buffer.alloc(300_000, 'not a real boot loader '));
  execFileSync('mmd', ['-i', part, '::EFI', '::EFI/BOOT'], quiet);
  execFileSync('mcopy', ['-i', part, loader, '::EFI/BOOT/BOOTX64.EFI'], quiet);
  insert(part, file, efiAt);
}

function makeSwap({ file, workFolder, swapAt, swapMib }) {
  const part = path.join(workFolder, 'swap.img');
  fs.closeSync(fs.openSync(part, 'w'));
  fs.truncateSync(part, swapMib * MIB);
  execFileSync('mkswap', ['-q', '-L', 'swap', part], quiet);
  insert(part, file, swapAt);
}

/** Copies the non-zero MiB of a partition image to its place in the disk and removes it. */
function insert(part, disk, at) {
  const bytes = fs.readFileSync(part);
  const fd = fs.openSync(disk, 'r+');
  for (let offset = 0; offset < bytes.length; offset += MIB) {
    const piece = bytes.subarray(offset, offset + MIB);
    if (piece.some((byte) => byte !== 0)) fs.writeSync(fd, piece, 0, piece.length, at + offset);
  }
  fs.closeSync(fd);
  fs.rmSync(part);
}

/**
 * A day of work on the sample disk: new files written into the unmounted ext4. Nothing is deleted, because the bytes of deleted files stay on the
 * disk but are not part of a backup, and the demo compares the whole disk.
 */
export function liveOneDay({ file, rootAt, workFolder }) {
  const report = path.join(workFolder, 'report.bin');
  const diary = path.join(workFolder, 'day-two.txt');
  fs.writeFileSync(report, Buffer.from(Array.from({ length: 3 * MIB }, (_, at) => (at * 2654435761) >>> 24)));
  fs.writeFileSync(diary, 'Day two: it floats.\n');
  const commands = path.join(workFolder, 'day.debugfs');
  fs.writeFileSync(commands, [`write ${report} report.bin`, 'cd home/anna', `write ${diary} day-two.txt`].join('\n'));
  execFileSync('debugfs', ['-w', '-f', commands, `${file}?offset=${rootAt}`], quiet);
}
