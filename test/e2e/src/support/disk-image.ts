import fs from 'node:fs';
import path from 'node:path';
import { tool } from './programs.js';

const MIB = 1024 * 1024;

export type PartitionPlace = Readonly<{ offsetBytes: number; lengthBytes: number }>;

/** A disk as a user would make it: GPT with an EFI system partition, ext4 and swap, made by sgdisk, mkfs.vfat, mkfs.ext4 and mkswap. */
export class DiskImage {
  readonly efi: PartitionPlace;
  readonly ext4: PartitionPlace;
  readonly swap: PartitionPlace;

  constructor(readonly file: string, ext4Mib = 900) {
    fs.closeSync(fs.openSync(file, 'w'));
    fs.truncateSync(file, (ext4Mib + 200) * MIB);
    tool('sgdisk', '-n', '1:1M:+64M', '-t', '1:ef00', '-n', `2:0:+${String(ext4Mib)}M`, '-t', '2:8300', '-n', '3:0:+96M', '-t', '3:8200', file);
    const table = JSON.parse(tool('sfdisk', '--json', file)) as { partitiontable: { partitions: { start: number; size: number }[] } };
    const [efi, ext4, swap] = table.partitiontable.partitions.map(({ start, size }) => ({ offsetBytes: start * 512, lengthBytes: size * 512 }));
    if (!efi || !ext4 || !swap) throw new Error('sgdisk made fewer partitions than asked');
    this.efi = efi;
    this.ext4 = ext4;
    this.swap = swap;
    this.withLoop(efi, (device) => tool('mkfs.vfat', '-F', '32', device));
    this.withLoop(ext4, (device) => tool('mkfs.ext4', '-q', '-F', device));
    this.withLoop(swap, (device) => tool('mkswap', device));
  }

  /** Attaches a partition as a loop device for the duration of `work`. */
  withLoop<T>(place: PartitionPlace, work: (device: string) => T): T {
    const device = tool('losetup', '--find', '--show', '--offset', String(place.offsetBytes), '--sizelimit', String(place.lengthBytes), this.file).trim();
    try {
      return work(device);
    } finally {
      tool('losetup', '--detach', device);
    }
  }

  /** Mounts the ext4 filesystem for the duration of `work`, which gets the mount point. */
  withMount<T>(work: (folder: string) => T): T {
    return this.withLoop(this.ext4, (device) => {
      const folder = fs.mkdtempSync(path.join(path.dirname(this.file), 'mount-'));
      tool('mount', device, folder);
      try {
        return work(folder);
      } finally {
        tool('umount', folder);
        fs.rmdirSync(folder);
      }
    });
  }

  /** Fills the filesystem with about `bytesMax` of /usr/share. */
  fill(bytesMax: number): void {
    this.withMount((folder) => {
      let left = bytesMax;
      for (const name of fs.readdirSync('/usr/share').sort()) {
        if (left <= 0) break;
        const source = path.join('/usr/share', name);
        const bytes = Number(tool('du', '-sb', source).split('\t')[0]);
        if (bytes > left || name === 'zoneinfo') continue;
        tool('cp', '-a', source, path.join(folder, name));
        left -= bytes;
      }
    });
  }

  /** A copy of the disk as it is now, to compare with later. */
  copyTo(file: string): string {
    tool('cp', '--sparse=always', this.file, file);
    return file;
  }
}

/** The bytes of a partition as a file of its own, for tools that want one. */
export function extractPartition(disk: string, place: PartitionPlace, to: string): string {
  tool('dd', `if=${disk}`, `of=${to}`, 'bs=1M', 'iflag=skip_bytes,count_bytes', `skip=${String(place.offsetBytes)}`, `count=${String(place.lengthBytes)}`, 'conv=sparse', 'status=none');
  return to;
}

/** Block numbers that `dumpe2fs` calls used, and the block size. The independent judge of what a backup must hold. */
export function usedBlocksByDumpe2fs(partition: string): { blockBytes: number; used: number[] } {
  const text = tool('dumpe2fs', partition);
  const blocks = Number(/^Block count:\s+(\d+)/m.exec(text)?.[1]);
  const blockBytes = Number(/^Block size:\s+(\d+)/m.exec(text)?.[1]);
  const free = new Uint8Array(blocks);
  for (const [, list] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const part of (list ?? '').split(',').map((piece) => piece.trim()).filter((piece) => piece !== '')) {
      const [first, last] = part.split('-').map(Number);
      free.fill(1, first, (last ?? first ?? 0) + 1);
    }
  }
  return { blockBytes, used: Array.from({ length: blocks }, (_, block) => block).filter((block) => free[block] === 0) };
}

/** Offsets of the blocks among `blocks` whose bytes differ between two files. */
export function differingBlocks(left: string, right: string, { blockBytes, used }: { blockBytes: number; used: readonly number[] }): number[] {
  const [a, b] = [fs.openSync(left, 'r'), fs.openSync(right, 'r')];
  const [bytesA, bytesB] = [Buffer.alloc(blockBytes), Buffer.alloc(blockBytes)];
  const differing = used.filter((block) => {
    const readA = fs.readSync(a, bytesA, 0, blockBytes, block * blockBytes);
    const readB = fs.readSync(b, bytesB, 0, blockBytes, block * blockBytes);
    return readA !== readB || !bytesA.equals(bytesB);
  });
  fs.closeSync(a);
  fs.closeSync(b);
  return differing;
}
