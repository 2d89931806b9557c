import fc from 'fast-check';
import { endOf, type DiskManifest } from '@lifeboat/model';
import { divideDisk, segmentsIn } from './disk-segments.js';

type Place = readonly [role: string, offsetBytes: number, lengthBytes: number];

const diskOf = (sizeBytes: number, volumes: readonly Place[]): DiskManifest =>
  ({ layout: { sizeBytes }, volumes: volumes.map(([role, offsetBytes, lengthBytes]) => ({ role, offsetBytes, lengthBytes })) }) as unknown as DiskManifest;

test('partitions lie in the volume of tables and gaps; what nothing covers is nobody\'s', () => {
  const disk = diskOf(100, [['outside-partitions', 0, 90], ['partition', 50, 10], ['partition', 20, 10]]);
  expect(divideDisk(disk)).toEqual([
    { offsetBytes: 0, lengthBytes: 20, volume: { index: 0, offsetBytes: 0 } }, { offsetBytes: 20, lengthBytes: 10, volume: { index: 2, offsetBytes: 0 } },
    { offsetBytes: 30, lengthBytes: 20, volume: { index: 0, offsetBytes: 30 } }, { offsetBytes: 50, lengthBytes: 10, volume: { index: 1, offsetBytes: 0 } },
    { offsetBytes: 60, lengthBytes: 30, volume: { index: 0, offsetBytes: 60 } }, { offsetBytes: 90, lengthBytes: 10, volume: null },
  ]);
});

test('any manifest divides a disk without gap, and any range of it too', () => {
  const place = fc.tuple(fc.constantFrom('partition', 'whole-disk', 'outside-partitions'), fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 150 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), fc.array(place, { maxLength: 6 }), fc.nat(200), fc.nat(200), (sizeBytes, volumes, from, length) => {
      const segments = divideDisk(diskOf(sizeBytes, volumes));
      let at = 0;
      for (const segment of segments) {
        expect(segment.offsetBytes).toBe(at);
        const [, volumeOffset = 0, volumeLength = 0] = volumes[segment.volume?.index ?? -1] ?? [];
        if (segment.volume) {
          expect(volumeOffset + segment.volume.offsetBytes).toBe(segment.offsetBytes);
          expect(segment.volume.offsetBytes + segment.lengthBytes).toBeLessThanOrEqual(volumeLength);
        }
        at = endOf(segment);
      }
      expect(at).toBe(sizeBytes);
      const range = { offsetBytes: Math.min(from, sizeBytes - 1), lengthBytes: Math.max(1, Math.min(length, sizeBytes - Math.min(from, sizeBytes - 1))) };
      let reached = range.offsetBytes;
      for (const segment of segmentsIn(segments, range)) {
        expect(segment.offsetBytes).toBe(reached);
        reached = endOf(segment);
      }
      expect(reached).toBe(endOf(range));
    }),
  );
});
