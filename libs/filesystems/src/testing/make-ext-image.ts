import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '@lifeboat/block-device/testing';

/** Ways to make an ext filesystem that lay it out differently; `blocks` and sizes are chosen so that several groups exist. */
export const extVariants: readonly Readonly<{ name: string; args: readonly string[]; sizeKib: number; type?: 'ext2' | 'ext3' }>[] = [
  { name: 'ext2, 1 KiB blocks', type: 'ext2', args: ['-b', '1024'], sizeKib: 40_000 },
  { name: 'ext2, 4 KiB blocks', type: 'ext2', args: ['-b', '4096'], sizeKib: 200_000 },
  { name: 'ext3, 1 KiB blocks', type: 'ext3', args: ['-b', '1024'], sizeKib: 60_000 },
  { name: 'ext3, 4 KiB blocks', type: 'ext3', args: ['-b', '4096'], sizeKib: 300_000 },
  { name: 'ext4 as made by default', args: [], sizeKib: 1_000_000 },
  { name: 'ext4, 1 KiB blocks', args: ['-b', '1024'], sizeKib: 300_000 },
  { name: 'ext4, 2 KiB blocks', args: ['-b', '2048'], sizeKib: 300_000 },
  { name: 'ext4, 64 KiB blocks', args: ['-b', '65536'], sizeKib: 400_000 },
  { name: 'without flex_bg', args: ['-b', '4096', '-O', '^flex_bg'], sizeKib: 600_000 },
  { name: 'meta_bg, 4 KiB blocks', args: ['-b', '4096', '-O', 'meta_bg,^resize_inode'], sizeKib: 600_000 },
  { name: 'meta_bg, 1 KiB blocks, several meta groups', args: ['-b', '1024', '-O', 'meta_bg,^resize_inode'], sizeKib: 600_000 },
  { name: 'meta_bg without flex_bg', args: ['-b', '1024', '-O', 'meta_bg,^resize_inode,^flex_bg'], sizeKib: 300_000 },
  { name: 'bigalloc, 4 KiB blocks in 16 KiB clusters', args: ['-b', '4096', '-O', 'bigalloc', '-C', '16384'], sizeKib: 1_200_000 },
  { name: 'bigalloc, 4 KiB blocks in 64 KiB clusters', args: ['-b', '4096', '-O', 'bigalloc', '-C', '65536'], sizeKib: 5_000_000 },
  { name: 'bigalloc, 1 KiB blocks in 16 KiB clusters', args: ['-b', '1024', '-O', 'bigalloc', '-C', '16384'], sizeKib: 500_000 },
  { name: 'bigalloc without checksums', args: ['-b', '4096', '-O', 'bigalloc,^metadata_csum', '-C', '32768'], sizeKib: 1_200_000 },
  { name: 'without 64bit', args: ['-b', '4096', '-O', '^64bit'], sizeKib: 600_000 },
  { name: '64bit with 1 KiB blocks', args: ['-b', '1024', '-O', '64bit'], sizeKib: 100_000 },
  { name: 'without metadata_csum', args: ['-b', '4096', '-O', '^metadata_csum'], sizeKib: 600_000 },
  { name: 'uninit_bg (CRC-16) with 64bit', args: ['-b', '4096', '-O', '^metadata_csum,uninit_bg,64bit'], sizeKib: 600_000 },
  { name: 'uninit_bg (CRC-16) without 64bit', args: ['-b', '1024', '-O', '^metadata_csum,uninit_bg,^64bit'], sizeKib: 300_000 },
  { name: 'sparse_super2', args: ['-b', '1024', '-O', 'sparse_super2'], sizeKib: 300_000 },
  { name: 'sparse_super2 with one backup', args: ['-b', '1024', '-O', 'sparse_super2', '-E', 'num_backup_sb=1'], sizeKib: 300_000 },
  { name: 'without sparse_super', args: ['-b', '1024', '-O', '^sparse_super,^resize_inode'], sizeKib: 100_000 },
  { name: 'without resize_inode', args: ['-b', '1024', '-O', '^resize_inode'], sizeKib: 300_000 },
  { name: 'ext4 without journal', args: ['-b', '4096', '-O', '^has_journal'], sizeKib: 300_000 },
  { name: 'tiny last group', args: ['-b', '1024'], sizeKib: 8192 * 5 + 1 + 400 },
  { name: '128-byte inodes', args: ['-b', '4096', '-I', '128'], sizeKib: 300_000 },
  { name: '1024-byte inodes, inline data', args: ['-b', '4096', '-I', '1024', '-O', 'inline_data'], sizeKib: 300_000 },
  { name: 'small groups', args: ['-b', '1024', '-g', '1024'], sizeKib: 60_000 },
  { name: 'metadata_csum_seed and quota', args: ['-b', '4096', '-O', 'metadata_csum_seed,quota'], sizeKib: 300_000 },
  { name: 'packed metadata', args: ['-b', '4096', '-E', 'packed_meta_blocks=1'], sizeKib: 600_000 },
  { name: 'eager inode tables, groups of 64', args: ['-b', '1024', '-G', '64', '-E', 'lazy_itable_init=0'], sizeKib: 600_000 },
];

/** A tree of files of many sizes, sparse and small, the same on every machine. */
export function makeSourceTree(path: string): void {
  for (let folder = 0; folder < 12; folder += 1) {
    const directory = join(path, `folder-${String(folder)}`);
    mkdirSync(directory, { recursive: true });
    for (let file = 0; file < 25; file += 1) {
      const bytes = Buffer.alloc((file * file * 97 + folder * 1013) % 180_000, `${String(folder)}/${String(file)};`);
      writeFileSync(join(directory, `file-${String(file)}`), bytes);
    }
  }
}

/** Makes an image with `mke2fs -d`, then removes some files so that the free space has holes. */
export function makeExtImage(path: string, variant: { args: readonly string[]; sizeKib: number; type?: string }, sourceTree: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, variant.sizeKib * 1024);
  runTool('mke2fs', ['-q', '-F', '-t', variant.type ?? 'ext4', '-L', 'volume', ...variant.args, '-d', sourceTree, path]);
  const holes = Array.from({ length: 40 }, (_, at) => `rm /folder-${String(at % 12)}/file-${String((at * 7) % 25)}`);
  runTool('debugfs', ['-w', '-f', '-', path], holes.join('\n') + '\n');
  // debugfs does not keep the quota files; e2fsck ends with 1 when it repaired something.
  runTool('sh', ['-c', 'e2fsck -fy "$1" || [ $? = 1 ]', 'sh', path]);
}
