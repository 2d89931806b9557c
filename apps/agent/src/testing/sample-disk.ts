import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '@lifeboat/block-device/testing';

const partitions = [
  { number: 1, startMib: 1, sizeMib: 34, type: 'ef00', name: 'esp' },
  { number: 2, startMib: 35, sizeMib: 100, type: '8300', name: 'root' },
  { number: 3, startMib: 135, sizeMib: 20, type: '8200', name: 'swap' },
] as const;
const diskMib = 160;

/** An image of a small computer's disk as the usual tools make it: GPT, ESP with files, ext4 with files, swap. Returns its path. */
export function makeSampleDisk(directory: string): string {
  const image = join(directory, 'disk.img');
  const tree = join(directory, 'tree');
  mkdirSync(join(tree, 'folder'), { recursive: true });
  for (let file = 0; file < 60; file += 1) writeFileSync(join(tree, 'folder', `file-${String(file)}`), Buffer.alloc(1000 + file * 4093, `content of ${String(file)};`));
  writeFileSync(image, '');
  truncateSync(image, diskMib * 1024 * 1024);
  const layout = partitions.flatMap(({ number, startMib, sizeMib, type, name }) => [`--new=${String(number)}:${String(startMib * 2048)}:+${String(sizeMib)}M`, `--typecode=${String(number)}:${type}`, `--change-name=${String(number)}:${name}`]);
  runTool('sgdisk', [...layout, image]);
  const part = (index: 0 | 1 | 2): string => {
    const path = join(directory, `part-${String(index)}`);
    writeFileSync(path, '');
    truncateSync(path, partitions[index].sizeMib * 1024 * 1024);
    return path;
  };
  const [esp, root, swap] = [part(0), part(1), part(2)];
  runTool('mkfs.vfat', ['-F', '32', '-n', 'ESP', esp]);
  runTool('mcopy', ['-i', esp, '-s', join(tree, 'folder'), '::/']);
  runTool('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'root', '-d', tree, root]);
  runTool('mkswap', ['-L', 'swap', swap]);
  for (const [index, path] of [esp, root, swap].entries()) {
    runTool('dd', [`if=${path}`, `of=${image}`, 'bs=1M', `seek=${String(partitions[index]?.startMib ?? 0)}`, 'conv=notrunc,sparse', 'status=none']);
  }
  return image;
}

/** Offset and length of a partition of the sample disk in bytes. */
export function samplePartition(number: 1 | 2 | 3): Readonly<{ offsetBytes: number; lengthBytes: number }> {
  const { startMib, sizeMib } = partitions[number - 1] ?? partitions[0];
  return { offsetBytes: startMib * 1024 * 1024, lengthBytes: sizeMib * 1024 * 1024 };
}
