import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { totalBytes } from '@lifeboat/model';
import { runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { copyUsed, usedOf } from '../testing/image-file.js';
import { judgeExt } from '../testing/judge-ext.js';
import { extVariants, makeExtImage, makeSourceTree } from '../testing/make-ext-image.js';
import { judge } from '../testing/over-report.js';

const directory = temporaryDirectory();
const tree = join(directory.path, 'tree');
beforeAll(() => {
  makeSourceTree(tree);
});
afterAll(() => {
  directory.remove();
});

function filesOf(image: string, into: string): string {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into);
  runTool('debugfs', ['-R', `rdump / ${into}`, image]);
  return into;
}

describe.each(extVariants)('$name', (variant) => {
  const image = join(directory.path, 'variant.img');

  test('used bytes are those of dumpe2fs, and a copy of them is the same filesystem', async () => {
    makeExtImage(image, variant, tree);
    const judged = judgeExt(image);
    const found = await usedOf(image);
    expect(found).toMatchObject({ filesystem: variant.type ?? 'ext4', label: 'volume', mode: 'bitmap', clean: true, uncleanReason: null, warnings: [], overReportedBytes: 0 });
    expect(found.blockSizeBytes).toBe(judged.blockBytes);
    expect(judged.free.length).toBeGreaterThan(5);
    const { missingBytes, superfluousBytes } = judge(`ext: ${variant.name}`, found, { truth: judged.used, sizeBytes: judged.blockBytes * judged.blockCount });
    expect({ missingBytes, superfluousBytes }).toEqual({ missingBytes: 0, superfluousBytes: 0 });

    const copy = join(directory.path, 'copy.img');
    copyUsed(image, copy, found.used);
    runTool('e2fsck', ['-fn', copy]);
    const [before, after] = [filesOf(image, join(directory.path, 'before')), filesOf(copy, join(directory.path, 'after'))];
    expect(execFileSync('diff', ['-r', before, after], { encoding: 'utf8' })).toBe('');
    expect(execFileSync('find', [after, '-type', 'f'], { encoding: 'utf8' }).split('\n').length).toBeGreaterThan(250);
  }, 60_000);
});

test('bytes between the end of the filesystem and that of the volume are used', async () => {
  const image = join(directory.path, 'tail.img');
  makeExtImage(image, { args: ['-b', '4096'], sizeKib: 50_000 }, tree);
  truncateSync(image, 50_000 * 1024 + 123_000);
  const { used } = await usedOf(image);
  const last = used.at(-1);
  expect((last?.offsetBytes ?? 0) + (last?.lengthBytes ?? 0)).toBe(50_000 * 1024 + 123_000);
  expect(last?.offsetBytes).toBeLessThanOrEqual(50_000 * 1024);
});

describe('what is not clean is said so', () => {
  const image = join(directory.path, 'unclean.img');
  const change = (...commands: string[]): string => {
    makeExtImage(image, { args: ['-b', '4096'], sizeKib: 50_000 }, tree);
    runTool('debugfs', ['-w', '-f', '-', image], commands.join('\n') + '\n');
    return image;
  };
  test.each([
    { name: 'needs recovery', commands: ['feature needs_recovery'], code: 'FS_NEEDS_RECOVERY' },
    { name: 'errors', commands: ['ssv state 3'], code: 'FS_HAS_ERRORS' },
    { name: 'not unmounted', commands: ['ssv state 0'], code: 'FS_NOT_CLEANLY_UNMOUNTED' },
    { name: 'recovery before errors', commands: ['feature needs_recovery', 'ssv state 2'], code: 'FS_NEEDS_RECOVERY' },
  ])('$name', async ({ commands, code }) => {
    const found = await usedOf(change(...commands));
    expect(found).toMatchObject({ clean: false, uncleanReason: { code }, mode: 'bitmap' });
  });

  test('a mounted filesystem needs recovery, and is clean after it is unmounted', async () => {
    makeExtImage(image, { args: ['-b', '4096'], sizeKib: 50_000 }, tree);
    const mountPoint = join(directory.path, 'mounted');
    mkdirSync(mountPoint);
    runTool('mount', ['-o', 'loop', image, mountPoint]);
    try {
      writeFileSync(join(mountPoint, 'new'), 'new');
      expect((await usedOf(image)).uncleanReason?.code).toBe('FS_NEEDS_RECOVERY');
    } finally {
      runTool('umount', [mountPoint]);
    }
    expect((await usedOf(image)).clean).toBe(true);
  });
});

test('a sparse filesystem of 8 TiB is read quickly in little memory', async () => {
  const image = join(directory.path, 'huge.img');
  writeFileSync(image, '');
  truncateSync(image, 8 * 1024 ** 4);
  runTool('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^resize_inode', '-E', 'lazy_itable_init=1,lazy_journal_init=1', image]);
  const before = process.memoryUsage();
  const found = await usedOf(image);
  const after = process.memoryUsage();
  expect(found).toMatchObject({ mode: 'bitmap', clean: true, warnings: [] });
  expect(totalBytes(found.used)).toBeLessThan(300 * 1024 ** 3);
  expect(after.rss - before.rss).toBeLessThan(256 * 1024 ** 2);
}, 120_000);
