import { symlinkSync, truncateSync, writeFileSync, mkdirSync, statSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Extent, MIB, endOf, invertExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import { MemoryBlockDevice } from '../testing/memory-block-device.js';
import { attachLoop, runTool, temporaryDirectory } from '../testing/run-tool.js';
import type { BlockReader } from './block-reader.js';
import { UnreadableSectors } from './device-errors.js';
import { findUnreadable } from './find-unreadable.js';
import { openBlockReader } from './open-block-reader.js';
import { openBlockWriter } from './open-block-writer.js';
import { subReader } from './sub-reader.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});
let made = 0;

function image(sizeBytes: number): string {
  made += 1;
  const path = join(directory.path, `device-${String(made)}.img`);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

describe('paths that are no disks', () => {
  test.each([
    { name: 'missing', path: () => join(directory.path, 'missing'), code: 'BLOCK_PATH_MISSING' },
    { name: 'below a file', path: () => join(image(512), 'x'), code: 'BLOCK_PATH_MISSING' },
    { name: 'directory', path: () => directory.path, code: 'BLOCK_PATH_IS_DIRECTORY' },
    { name: 'character device', path: () => '/dev/null', code: 'BLOCK_PATH_UNSUPPORTED' },
    { name: 'NUL in the name', path: () => 'a\0b', code: 'BLOCK_PATH_UNSUPPORTED' },
  ])('$name', async ({ path, code }) => {
    await expect(openBlockReader(path())).rejects.toMatchObject({ code, kind: 'user' });
    await expect(openBlockWriter(path())).rejects.toMatchObject({ code, kind: 'user' });
  });

  test('a symbolic link to an image is followed', async () => {
    const link = join(directory.path, 'link');
    symlinkSync(image(4096), link);
    const reader = await openBlockReader(link);
    expect(reader.sizeBytes).toBe(4096);
    await reader.close();
  });
});

describe('writers', () => {
  test('a new image is sparse, private and never replaces a file', async () => {
    const path = join(directory.path, 'new.img');
    const writer = await openBlockWriter(path, { createSparse: { sizeBytes: 64 * MIB } });
    await writer.writeFully(Buffer.from('here'), 60 * MIB);
    await writer.sync();
    await writer.close();
    const stats = statSync(path);
    expect(stats.size).toBe(64 * MIB);
    expect(stats.blocks * 512).toBeLessThan(MIB);
    expect(stats.mode & 0o777).toBe(0o600);
    expect(readFileSync(path).toString('latin1', 60 * MIB, 60 * MIB + 4)).toBe('here');
    await expect(openBlockWriter(path, { createSparse: { sizeBytes: 1 } })).rejects.toMatchObject({ code: 'BLOCK_PATH_EXISTS' });
  });

  test('a mounted device is refused', async () => {
    const path = image(16 * MIB);
    runTool('mkfs.ext4', ['-q', path]);
    const loop = attachLoop(path);
    const mountPoint = join(directory.path, 'mounted');
    mkdirSync(mountPoint);
    runTool('mount', [loop.path, mountPoint]);
    try {
      await expect(openBlockWriter(loop.path)).rejects.toMatchObject({ code: 'BLOCK_DEVICE_BUSY' });
    } finally {
      runTool('umount', [mountPoint]);
      loop.detach();
    }
  });

  test('a full disk is an error', async () => {
    const mountPoint = join(directory.path, 'small');
    mkdirSync(mountPoint);
    runTool('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mountPoint]);
    try {
      const writer = await openBlockWriter(join(mountPoint, 'disk.img'), { createSparse: { sizeBytes: 4 * MIB } });
      await expect(writer.writeFully(new Uint8Array(3 * MIB).fill(1), 0)).rejects.toMatchObject({ code: 'BLOCK_WRITE_FAILED', details: { reason: 'ENOSPC' } });
      await writer.close();
    } finally {
      runTool('umount', [mountPoint]);
    }
  });
});

describe('devices that fail', () => {
  const SIZE = 256 * 1024;
  const content = Uint8Array.from({ length: SIZE }, (_, at) => (at * 31 + (at >> 8)) % 255);

  async function readAll(reader: BlockReader): Promise<{ target: Uint8Array; bad: readonly Extent[] }> {
    const target = new Uint8Array(reader.sizeBytes).fill(0xee);
    try {
      await reader.readFully(target, 0);
      return { target, bad: [] };
    } catch (error) {
      if (!(error instanceof UnreadableSectors)) throw error;
      return { target, bad: error.extents };
    }
  }

  test('exactly the unreadable sectors are reported, all others are delivered, nothing stale is left', async () => {
    const sector = fc.nat(SIZE / 512 - 1).map((index) => ({ offsetBytes: index * 512, lengthBytes: 512 }));
    await fc.assert(
      fc.asyncProperty(fc.array(sector, { maxLength: 12 }), fc.constantFrom(700, 65_536, SIZE), async (sectors, readMax) => {
        const device = MemoryBlockDevice.of(content);
        device.failReads(sectors);
        device.shortenReads(readMax);
        const { target, bad } = await readAll(device);
        expect(bad).toEqual(mergeExtents(sectors));
        const expected = content.slice();
        for (const extent of bad) expected.fill(0, extent.offsetBytes, endOf(extent));
        expect(Buffer.compare(target, expected)).toBe(0);
      }),
    );
  });

  test('isolating costs few reads', async () => {
    const device = MemoryBlockDevice.of(content);
    device.failReads([{ offsetBytes: 100 * 512, lengthBytes: 512 }]);
    await readAll(device);
    expect(device.reads.length).toBeLessThan(60);
  });

  test('a window reports its own offsets; findUnreadable splits an extent exactly', async () => {
    const device = MemoryBlockDevice.of(content);
    device.failReads([{ offsetBytes: 10_240, lengthBytes: 512 }, { offsetBytes: 51_200, lengthBytes: 1024 }]);
    const window = subReader(device, { offsetBytes: 8192, lengthBytes: 100_000 });
    expect((await readAll(window)).bad).toEqual([{ offsetBytes: 2048, lengthBytes: 512 }, { offsetBytes: 43_008, lengthBytes: 1024 }]);
    const extent = { offsetBytes: 1000, lengthBytes: 60_000 };
    const found = await findUnreadable(device, extent, 4096);
    expect(found.unreadable).toEqual([{ offsetBytes: 8192, lengthBytes: 4096 }, { offsetBytes: 49_152, lengthBytes: 4096 }]);
    expect(mergeExtents([...found.readable, ...found.unreadable])).toEqual([extent]);
    expect(totalBytes(found.readable) + totalBytes(found.unreadable)).toBe(extent.lengthBytes);
    const cut = await findUnreadable(device, { offsetBytes: 10_300, lengthBytes: 100 }, 4096);
    expect(cut).toEqual({ readable: [], unreadable: [{ offsetBytes: 10_300, lengthBytes: 100 }] });
  });

  test('a device that shrinks, and one that lies about its size', async () => {
    const shrunk = MemoryBlockDevice.of(content);
    shrunk.shrinkTo(100_000);
    await expect(shrunk.readFully(new Uint8Array(200_000), 0)).rejects.toMatchObject({ code: 'DEVICE_SHRANK', details: { openedSizeBytes: SIZE, currentSizeBytes: 100_000 } });
    await shrunk.readFully(new Uint8Array(100_000), 0);
    const gone = MemoryBlockDevice.of(content);
    gone.failReads([{ offsetBytes: 0, lengthBytes: SIZE }]);
    gone.shrinkTo(0);
    gone.failReads([{ offsetBytes: 0, lengthBytes: SIZE }]);
    await expect(gone.readFully(new Uint8Array(512), 0)).rejects.toMatchObject({ code: 'DEVICE_SHRANK' });
    const lying = MemoryBlockDevice.of(content);
    lying.returnNothingFrom(1000);
    await expect(lying.readFully(new Uint8Array(2000), 0)).rejects.toMatchObject({ code: 'SHORT_READ', details: { filledBytes: 1000 } });
  });

  test.each([false, true])('an image file that is truncated while open, direct %s', async (direct) => {
    const path = image(SIZE);
    const reader = await openBlockReader(path, { direct });
    truncateSync(path, 5000);
    await expect(reader.readFully(new Uint8Array(SIZE), 0)).rejects.toMatchObject({ code: 'DEVICE_SHRANK' });
    await reader.close();
  });

  test.each([false, true])('a block device whose medium fails from one sector on, direct %s', async (direct) => {
    const path = image(SIZE);
    writeFileSync(path, content);
    const loop = attachLoop(path);
    try {
      // The loop driver answers EIO where its backing file has ended: a bad medium made of ordinary parts.
      const goodBytes = 33 * 512;
      const reader = await openBlockReader(loop.path, { direct });
      truncateSync(path, goodBytes);
      runTool('blockdev', ['--flushbufs', loop.path]);
      const { target, bad } = await readAll(reader);
      expect(bad).toEqual(invertExtents([{ offsetBytes: 0, lengthBytes: goodBytes }], SIZE));
      expect(Buffer.compare(target.subarray(0, goodBytes), content.subarray(0, goodBytes))).toBe(0);
      expect(target.subarray(goodBytes).every((byte) => byte === 0)).toBe(true);
      await reader.close();
    } finally {
      loop.detach();
    }
  });
});
