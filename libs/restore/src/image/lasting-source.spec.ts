import { KIB } from '@lifeboat/model';
import { RestoreConnectionLost } from '../source/restore-errors.js';
import { makeSampleDisk, MemoryPoint, MemoryVolumeSource } from '../testing/index.js';
import { lastingSource } from './lasting-source.js';
import { openDiskImage } from './open-disk-image.js';

const lostConnection = (): Promise<never> => Promise.reject(new RestoreConnectionLost({ url: 'http://server.invalid', reason: 'gone', attempts: 12 }));

test('a lost connection fails its reads; the next read opens another', async () => {
  const point = new MemoryPoint([await makeSampleDisk()]);
  const opened: MemoryVolumeSource[] = [];
  const source = lastingSource(point.manifest, () => {
    const next = new MemoryVolumeSource(point);
    opened.push(next);
    return Promise.resolve(next);
  });
  const image = openDiskImage(source, { diskId: 'sda', readAhead: false });
  const read = (offsetBytes: number): Promise<unknown> => image.readRuns({ offsetBytes, lengthBytes: 64 * KIB });
  await read(0);
  const [first] = opened;
  if (!first) throw new TypeError('nothing was opened');
  first.readChunks = lostConnection;
  const outcomes = await Promise.allSettled([read(10 * 1024 * KIB), read(11 * 1024 * KIB)]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  await read(10 * 1024 * KIB);
  expect(opened).toHaveLength(2);
  await source.close();
});

test('an opening that fails is tried again by the next read', async () => {
  const point = new MemoryPoint([await makeSampleDisk()]);
  let tries = 0;
  const source = lastingSource(point.manifest, () => ((tries += 1) === 1 ? lostConnection() : Promise.resolve(new MemoryVolumeSource(point))));
  const image = openDiskImage(source, { diskId: 'sda' });
  await expect(image.readRuns({ offsetBytes: 0, lengthBytes: 512 })).rejects.toMatchObject({ code: 'RESTORE_CONNECTION_LOST' });
  await expect(image.readRuns({ offsetBytes: 0, lengthBytes: 512 })).resolves.toHaveLength(1);
});
