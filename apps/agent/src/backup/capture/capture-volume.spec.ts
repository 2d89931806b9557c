import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { MemoryBlockDevice, temporaryDirectory } from '@lifeboat/block-device/testing';
import { digestOf, expand } from '@lifeboat/codec';
import { clipExtents, endOf, KIB, mergeExtents, PageTreeBuilder, type Extent, type MapEntry } from '@lifeboat/model';
import { batchEntriesMax, segmentBytesMax } from '@lifeboat/protocol';
import { BaseCursor } from '../base-map/base-cursor.js';
import { isMapFileSound, MapFileWriter, readMapFile } from '../base-map/map-file.js';
import type { Batch } from './batch-builder.js';
import { captureVolume, type VolumeResult } from './capture-volume.js';
import { refillVolume } from './refill-volume.js';

const directory = temporaryDirectory();
afterAll(() => { directory.remove(); });

type Captured = { batches: Batch[]; result: VolumeResult; mapPath: string; map: MapEntry[] };
let runs = 0;

async function capture(device: MemoryBlockDevice, used: readonly Extent[], base?: readonly MapEntry[], wants: readonly Extent[] = []): Promise<Captured> {
  const batches: Batch[] = [];
  runs += 1;
  const mapPath = join(directory.path, `${String(runs)}.map`);
  const result = await captureVolume({
    reader: device, plan: { lengthBytes: device.sizeBytes, used, edges: 'masked' }, referencesAreNew: false, wants, map: await MapFileWriter.create(mapPath),
    base: base ? new BaseCursor([base][Symbol.iterator]() as unknown as AsyncIterator<readonly MapEntry[]>) : null,
    send: (batch) => {
      batches.push({ ...batch, payload: batch.payload.slice() });
      return Promise.resolve();
    },
    onSpan: () => undefined, signal: new AbortController().signal,
  });
  const map: MapEntry[] = [];
  for await (const entries of readMapFile(mapPath)) map.push(...entries);
  return { batches, result, mapPath, map };
}

const whole = (device: MemoryBlockDevice): Extent[] => [{ offsetBytes: 0, lengthBytes: device.sizeBytes }];
const entriesOf = (captured: Captured): Batch['entries'][number][] => captured.batches.flatMap((batch) => batch.entries);

/** What a receiver makes of the batches: the volume's bytes, and which of them are defined. */
function replay(captured: Captured, lengthBytes: number, base?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (const batch of captured.batches) {
    const plain = expand(batch.codec, batch.payload, batch.plainLengthBytes);
    let at = 0;
    for (const entry of batch.entries) {
      if (entry.kind === 'ref' && base) bytes.set(base.subarray(entry.offsetBytes, endOf(entry)), entry.offsetBytes);
      if (entry.kind !== 'data') continue;
      bytes.set(plain.subarray(at, at + entry.lengthBytes), entry.offsetBytes);
      at += entry.lengthBytes;
    }
  }
  return bytes;
}

/** A device whose blocks all differ, every third stretch of 100 kB being zero. */
function randomDevice(seed: number, sizeBytes: number): { device: MemoryBlockDevice; bytes: Uint8Array } {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 997) if (Math.floor(at / 100_000) % 3 !== 0) bytes.fill(`${String(seed)}:${String(at)};`, at, Math.min(at + 997, sizeBytes));
  return { device: MemoryBlockDevice.of(bytes), bytes: new Uint8Array(bytes) };
}

test('used bytes arrive, everything else is blank, and both sides compute the same root', async () => {
  const arbExtents = fc.array(fc.record({ offsetBytes: fc.integer({ min: 0, max: 900_000 }), lengthBytes: fc.integer({ min: 1, max: 300_000 }) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(arbExtents, fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 900_000 }), async (extents, seed, sizeBytes) => {
      const { device, bytes } = randomDevice(seed, sizeBytes);
      const used = clipExtents(mergeExtents(extents), sizeBytes);
      const captured = await capture(device, used);
      const expected = new Uint8Array(sizeBytes);
      for (const extent of used) expected.set(bytes.subarray(extent.offsetBytes, endOf(extent)), extent.offsetBytes);
      expect(Buffer.compare(replay(captured, sizeBytes), expected)).toBe(0);
      const tree = new PageTreeBuilder(sizeBytes, digestOf, () => undefined);
      for (const entry of entriesOf(captured)) tree.push(entry as MapEntry);
      expect(tree.finish()).toBe(captured.result.mapRoot);
      expect(await isMapFileSound(captured.mapPath, sizeBytes)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('bytes that nobody uses do not change a chunk', async () => {
  const { device, bytes } = randomDevice(7, 500_000);
  const used = [{ offsetBytes: 120_000, lengthBytes: 4096 }, { offsetBytes: 300_000, lengthBytes: 1 }];
  const before = await capture(device, used);
  device.patch(new Uint8Array(4096).fill(0x55), 124_096);
  device.patch(new Uint8Array(90_000).fill(0x55), 400_000);
  const after = await capture(device, used, before.map);
  expect(after.result).toMatchObject({ mapRoot: before.result.mapRoot, changed: 0 });
  expect(entriesOf(after).every((entry) => entry.kind !== 'data')).toBe(true);
  expect(bytes.length).toBe(500_000);
});

test('against a base only what differs is sent', async () => {
  const { device, bytes } = randomDevice(3, 4_000_000);
  const first = await capture(device, whole(device));
  device.patch(Uint8Array.of(1, 2, 3), 1_500_000);
  device.patch(new Uint8Array(64 * KIB), 2 * 1024 * KIB);
  const second = await capture(device, whole(device), first.map);
  expect(entriesOf(second).filter((entry) => entry.kind === 'data')).toHaveLength(1);
  expect(second.result.changed).toBe(2 * 64 * KIB);
  const expected = bytes.slice();
  expected.set([1, 2, 3], 1_500_000);
  expected.fill(0, 2 * 1024 * KIB, 2 * 1024 * KIB + 64 * KIB);
  expect(Buffer.compare(replay(second, bytes.length, bytes), expected)).toBe(0);
});

test('a range that the server lost is sent although it did not change, and counts as unchanged', async () => {
  const { device } = randomDevice(3, 4_000_000);
  const first = await capture(device, whole(device));
  const second = await capture(device, whole(device), first.map, [{ offsetBytes: 70 * KIB, lengthBytes: 1 }, { offsetBytes: 640 * KIB, lengthBytes: 64 * KIB }]);
  expect(entriesOf(second).filter((entry) => entry.kind === 'data').map((entry) => entry.offsetBytes)).toEqual([64 * KIB, 640 * KIB]);
  expect(second.result).toMatchObject({ changed: 0, mapRoot: first.result.mapRoot });
});

test('chunks that are needed again come as they were cut, and nothing else does', async () => {
  const { device, bytes } = randomDevice(4, 3_000_000);
  const plan = { lengthBytes: device.sizeBytes, used: [{ offsetBytes: 120_000, lengthBytes: 4096 }, { offsetBytes: 2_000_000, lengthBytes: 900_000 }], edges: 'masked' as const };
  const first = await capture(device, plan.used);
  const needs = entriesOf(first).filter((entry) => entry.kind === 'data').filter((_, index) => index % 3 === 0);
  const again: Batch[] = [];
  await refillVolume({ reader: device, plan, needs, signal: new AbortController().signal, send: (batch) => {
    again.push({ ...batch, payload: batch.payload.slice() });
    return Promise.resolve();
  } });
  expect(again.flatMap((batch) => batch.entries)).toEqual(needs);
  expect(needs.length).toBeGreaterThan(3);
  expect(bytes.length).toBe(3_000_000);
});

test('unreadable sectors are marked exactly, and everything around them is kept', async () => {
  const { device, bytes } = randomDevice(5, 1_000_000);
  const bad = [{ offsetBytes: 200_704, lengthBytes: 512 }, { offsetBytes: 260_096, lengthBytes: 4096 }];
  device.failReads(bad);
  const captured = await capture(device, whole(device));
  expect(entriesOf(captured).filter((entry) => entry.kind === 'unreadable')).toEqual([
    { kind: 'unreadable', ...bad[0] },
    { kind: 'unreadable', ...bad[1] },
  ]);
  expect(captured.result.counts.unreadableBytes).toBe(4608);
  const expected = bytes.slice();
  for (const extent of bad) expected.fill(0, extent.offsetBytes, endOf(extent));
  expect(Buffer.compare(replay(captured, bytes.length), expected)).toBe(0);
});

test('a bad sector that nobody uses is nobody\'s business', async () => {
  const { device } = randomDevice(5, 1_000_000);
  device.failReads([{ offsetBytes: 140_288, lengthBytes: 512 }]);
  const captured = await capture(device, [{ offsetBytes: 150_000, lengthBytes: 5000 }]);
  expect(captured.result.counts.unreadableBytes).toBe(0);
});

test('a device that shrinks fails the capture', async () => {
  const { device } = randomDevice(1, 3_000_000);
  device.shrinkTo(2_000_000);
  await expect(capture(device, whole(device))).rejects.toMatchObject({ code: 'DEVICE_SHRANK' });
});

test('batches keep within the limits of the protocol', async () => {
  const { device } = randomDevice(9, 9_000_000);
  const captured = await capture(device, whole(device));
  for (const batch of captured.batches) {
    expect(batch.entries.length).toBeLessThanOrEqual(batchEntriesMax);
    expect(batch.plainLengthBytes).toBeLessThanOrEqual(segmentBytesMax);
  }
});

test('a damaged map file is noticed before it is used', async () => {
  const { device } = randomDevice(2, 2_000_000);
  const { mapPath } = await capture(device, whole(device));
  const bytes = await readFile(mapPath);
  for (const at of [0, 5, 40, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    const path = join(directory.path, `damaged-${String(at)}`);
    await writeFile(path, damaged);
    expect(await isMapFileSound(path, 2_000_000)).toBe(false);
  }
  expect(await isMapFileSound(mapPath, 2_000_001)).toBe(false);
});
