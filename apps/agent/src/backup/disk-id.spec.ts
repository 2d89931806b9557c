import fc from 'fast-check';
import { DiskFacts } from '@lifeboat/model';
import { diskIdsOf } from './disk-id.js';

test.each([
  { name: 'an image by its name', disk: { kind: 'image' as const, path: '/srv/disk.img', serial: null }, id: /^image-disk\.img$/ },
  { name: 'a device by its serial', disk: { kind: 'device' as const, path: '/dev/sda', serial: 'S4EWNX0' }, id: /^serial-s4ewnx0$/ },
  { name: 'a device without one by its name', disk: { kind: 'device' as const, path: '/dev/vda', serial: null }, id: /^dev-vda$/ },
  { name: 'a wild name with a hash', disk: { kind: 'image' as const, path: '/srv/../Bür o/💾 ..img', serial: null }, id: /^image-img-[0-9a-f]{8}$/ },
])('$name', ({ disk, id }) => {
  expect(diskIdsOf([disk])[0]).toMatch(id);
});

test('ids are legal, stable and different for different disks', () => {
  const arbDisk = fc.record({ kind: fc.constantFrom('image' as const, 'device' as const), path: fc.string({ unit: 'binary' }).map((name) => `/d/${name}`), serial: fc.option(fc.string({ unit: 'binary', minLength: 1 })) });
  fc.assert(
    fc.property(fc.uniqueArray(arbDisk, { selector: (disk) => disk.path, maxLength: 6 }), (disks) => {
      const ids = diskIdsOf(disks);
      for (const id of ids) expect(() => DiskFacts.shape.diskId.parse(id)).not.toThrow();
      expect(new Set(ids).size).toBe(ids.length);
      expect(diskIdsOf(disks)).toEqual(ids);
    }),
  );
});
