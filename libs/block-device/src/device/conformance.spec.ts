import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { MemoryBlockDevice } from '../testing/memory-block-device.js';
import { attachLoop, temporaryDirectory } from '../testing/run-tool.js';
import type { BlockReader } from './block-reader.js';
import type { BlockWriter } from './block-writer.js';
import { openBlockReader } from './open-block-reader.js';
import { openBlockWriter } from './open-block-writer.js';

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

/** A device of one kind, with bytes both can see, and a way to reopen it for reading. */
type ConformingDevice = Readonly<{ writer: BlockWriter; openReader: () => Promise<BlockReader>; remove: () => void }>;

/**
 * What every reader and writer must do, whatever lies below it.
 * @param make opens a device of `sizeBytes` that reads as zeros.
 */
function describeBlockDevice(name: string, make: (sizeBytes: number) => Promise<ConformingDevice>): void {
  describe(name, () => {
    const sizeBytes = 1024 * 1024 * 3;

    test('reads what was written at any offset and length, and zeros elsewhere', async () => {
      const device = await make(sizeBytes);
      const model = new Uint8Array(sizeBytes);
      const reader = await device.openReader();
      try {
        expect(reader.sizeBytes).toBe(sizeBytes);
        const range = fc.tuple(fc.nat(sizeBytes - 1), fc.oneof(fc.nat(9000), fc.nat(sizeBytes)));
        const written = fc.sample(fc.tuple(range, fc.nat(255)), 12);
        for (const [[offset, wanted], value] of written) {
          const bytes = new Uint8Array(Math.min(wanted, sizeBytes - offset)).fill(value);
          bytes.forEach((_, at) => (bytes[at] = (value + at * 7) % 256));
          await device.writer.writeFully(bytes, offset);
          model.set(bytes, offset);
        }
        await device.writer.sync();
        await fc.assert(
          fc.asyncProperty(range, async ([offset, wanted]) => {
            const target = new Uint8Array(Math.min(wanted, sizeBytes - offset)).fill(0xee);
            await reader.readFully(target, offset);
            expect(Buffer.compare(target, model.subarray(offset, offset + target.length))).toBe(0);
          }),
          { numRuns: 40 },
        );
        const whole = [0, 1, 2, 3].map(() => new Uint8Array(sizeBytes));
        await Promise.all(whole.map((target) => reader.readFully(target, 0)));
        for (const target of whole) expect(Buffer.compare(target, model)).toBe(0);
      } finally {
        await reader.close();
        await device.writer.close();
        device.remove();
      }
    });

    test('refuses reads and writes outside its size', async () => {
      const device = await make(sizeBytes);
      const reader = await device.openReader();
      try {
        await expect(Promise.resolve().then(() => reader.readFully(new Uint8Array(2), sizeBytes - 1))).rejects.toMatchObject({ kind: 'defect' });
        await expect(Promise.resolve().then(() => device.writer.writeFully(new Uint8Array(2), sizeBytes - 1))).rejects.toMatchObject({ kind: 'defect' });
        await expect(Promise.resolve().then(() => reader.readFully(new Uint8Array(2), -1))).rejects.toMatchObject({ kind: 'defect' });
      } finally {
        await reader.close();
        await device.writer.close();
        device.remove();
      }
    });
  });
}

describe('conformance', () => {
  describeBlockDevice('memory', (sizeBytes) => {
    const device = new MemoryBlockDevice(sizeBytes);
    return Promise.resolve({ writer: device, openReader: () => Promise.resolve(device), remove: () => undefined });
  });
  describeBlockDevice('memory that reads short', (sizeBytes) => {
    const device = new MemoryBlockDevice(sizeBytes);
    device.shortenReads(10_007);
    return Promise.resolve({ writer: device, openReader: () => Promise.resolve(device), remove: () => undefined });
  });
  for (const direct of [false, true]) {
    describeBlockDevice(`image file, direct ${String(direct)}`, async (sizeBytes) => {
      const path = image(sizeBytes);
      return { writer: await openBlockWriter(path), openReader: () => openBlockReader(path, { direct }), remove: () => undefined };
    });
    for (const sectorBytes of [512, 4096]) {
      describeBlockDevice(`loop device with ${String(sectorBytes)}-byte sectors, direct ${String(direct)}`, async (sizeBytes) => {
        const loop = attachLoop(image(sizeBytes), ['--sector-size', String(sectorBytes)]);
        return { writer: await openBlockWriter(loop.path), openReader: () => openBlockReader(loop.path, { direct }), remove: loop.detach };
      });
    }
  }
});
