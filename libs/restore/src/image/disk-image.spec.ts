import fc from 'fast-check';
import { endOf, KIB, MIB, OperationalError, type Digest, type Extent } from '@lifeboat/model';
import { digestOf, isAllZero } from '@lifeboat/codec';
import { DataPlaneTwin, makeSampleDisk, MemoryPoint, MemoryVolumeSource, sampleDiskBytes, type MemoryDisk } from '../testing/index.js';
import { openRemoteSource } from '../source/remote-source.js';
import type { DiskImage, RunStatus } from './disk-image.js';
import { DiskNotInManifest } from './image-errors.js';
import type { ImageSource } from './image-source.js';
import { openDiskImage } from './open-disk-image.js';
import { storeImageSource } from './store-image-source.js';

let disk: MemoryDisk;
let point: MemoryPoint;
let expected: Buffer;
let twin: DataPlaneTwin;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  disk = await makeSampleDisk();
  point = new MemoryPoint([disk]);
  expected = Buffer.from(disk.bytes);
  for (const extent of disk.unallocated ?? []) expected.fill(0, extent.offsetBytes, endOf(extent));
  twin = await DataPlaneTwin.start(point);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  twin.faults.lost.clear();
  twin.faults.falsified.clear();
});
afterAll(() => twin.close());

type Store = { readChunk: (digest: Digest) => Promise<Uint8Array>; readPage: (digest: Digest) => Promise<Uint8Array> };

/** As a store does: bytes with their digest, or its error for lost ones. */
class BytesLost extends OperationalError {
  readonly code: string;
  constructor(code: string) {
    super('lost', { retry: 'never' });
    this.code = code;
  }
}

const memoryStore = (): Store => ({
  readChunk: (digest) => fromMap(point.chunks, digest, 'CHUNK_DAMAGED'),
  readPage: (digest) => fromMap(point.pages, digest, 'PAGE_MISSING'),
});

async function fromMap(map: ReadonlyMap<Digest, Uint8Array>, digest: Digest, code: string): Promise<Uint8Array> {
  const bytes = await Promise.resolve(map.get(digest));
  if (!bytes || digestOf(bytes) !== digest) throw new BytesLost(code);
  return bytes;
}

const sources: Record<string, () => Promise<ImageSource>> = {
  memory: () => Promise.resolve(new MemoryVolumeSource(point)),
  store: () => Promise.resolve(storeImageSource(memoryStore(), point.manifest)),
  remote: () => openRemoteSource({ url: twin.url, ...twin.issueTicket(), manifest: point.manifest, renewTicket: () => Promise.resolve(twin.issueTicket()), signal: new AbortController().signal }),
};

async function open(kind: string, options: { cacheBytes?: number; readAhead?: boolean } = {}): Promise<DiskImage> {
  const source = await sources[kind]?.();
  if (!source) throw new TypeError(kind);
  closing.push(() => source.close());
  return openDiskImage(source, { diskId: 'sda', ...options });
}

const read = async (image: DiskImage, { offsetBytes, lengthBytes }: Extent): Promise<Buffer> => {
  const bytes = Buffer.alloc(lengthBytes, 0xee);
  await image.readFully(bytes, offsetBytes);
  return bytes;
};
const arbRange = fc.tuple(fc.nat(sampleDiskBytes - 1), fc.integer({ min: 1, max: 700 * KIB })).map(([offsetBytes, length]) => ({ offsetBytes, lengthBytes: Math.min(length, sampleDiskBytes - offsetBytes) }));
const chunkAt = (offsetBytes: number): { digest: Digest; offsetBytes: number; lengthBytes: number } => {
  const entry = point.maps[2]?.find((candidate) => candidate.kind === 'data' && endOf(candidate) > offsetBytes);
  if (entry?.kind !== 'data') throw new TypeError('no chunk there');
  return entry;
};

describe.each(Object.keys(sources))('a disk image over the %s source', (kind) => {
  test('the whole disk reads as it was', async () => {
    const image = await open(kind);
    expect(image.sizeBytes).toBe(sampleDiskBytes);
    expect(Buffer.compare(await read(image, { offsetBytes: 0, lengthBytes: sampleDiskBytes }), expected)).toBe(0);
  });

  test('any ranges at the same time read as they were, in little memory', async () => {
    const image = await open(kind, { cacheBytes: 8 * MIB });
    await fc.assert(
      fc.asyncProperty(fc.array(arbRange, { minLength: 1, maxLength: 12 }), async (ranges) => {
        const got = await Promise.all(ranges.map((range) => read(image, range)));
        ranges.forEach((range, index) => { expect(Buffer.compare(got[index] ?? Buffer.alloc(0), expected.subarray(range.offsetBytes, endOf(range)))).toBe(0); });
        expect(image.cachedBytes).toBeLessThanOrEqual(8 * MIB);
      }),
      { numRuns: 30 },
    );
  });

  test('the status covers the disk, and what is no data is zeros', async () => {
    const image = await open(kind);
    await fc.assert(
      fc.asyncProperty(fc.oneof(arbRange, fc.constant({ offsetBytes: 0, lengthBytes: sampleDiskBytes })), async (range) => {
        let at = range.offsetBytes;
        let last: RunStatus | undefined;
        for await (const run of image.readStatus(range)) {
          expect(run.offsetBytes).toBe(at);
          expect(run.state).not.toBe(last?.state);
          if (run.state !== 'data') expect(isAllZero(expected.subarray(run.offsetBytes, endOf(run)))).toBe(true);
          at = endOf(run);
          last = run;
        }
        expect(at).toBe(endOf(range));
      }),
      { numRuns: 30 },
    );
  });
});

describe.each([
  { kind: 'remote', lose: (digest: Digest) => { twin.faults.lost.add(digest); }, name: 'a chunk the server lost' },
  { kind: 'remote', lose: (digest: Digest) => { twin.faults.falsified.add(digest); }, name: 'a chunk with a flipped byte on the wire' },
  {
    kind: 'store', name: 'a chunk with a flipped byte in the store',
    lose: (digest: Digest) => {
      const bytes = point.chunks.get(digest) ?? new Uint8Array();
      const rotten = Uint8Array.from(bytes);
      rotten[5] = (rotten[5] ?? 0) ^ 1;
      point.chunks.set(digest, rotten);
      closing.push(() => Promise.resolve(void point.chunks.set(digest, bytes)));
    },
  },
])('$name', ({ kind, lose }) => {
  test('is lost exactly; everything around it reads as it was', async () => {
    const image = await open(kind);
    const victim = chunkAt(3 * MIB);
    lose(victim.digest);
    const lost = { offsetBytes: 9 * MIB + victim.offsetBytes, lengthBytes: victim.lengthBytes };
    const range = { offsetBytes: lost.offsetBytes - 1000, lengthBytes: lost.lengthBytes + 2000 };
    const runs = await image.readRuns(range);
    expect(runs.filter((run) => run.kind === 'lost')).toEqual([{ kind: 'lost', ...lost, reason: 'damaged', volumeId: 'sda/p2' }]);
    const target = Buffer.alloc(range.lengthBytes, 0xee);
    await expect(image.readFully(target, range.offsetBytes)).rejects.toMatchObject({ code: 'UNREADABLE_SECTORS', extents: [lost] });
    const holed = Buffer.from(expected.subarray(range.offsetBytes, endOf(range))).fill(0, 1000, 1000 + lost.lengthBytes);
    expect(Buffer.compare(target, holed)).toBe(0);
    // Around the loss nothing fails.
    await read(image, { offsetBytes: endOf(lost), lengthBytes: 4096 });
  });
});

test('a lost map page costs the bytes it maps and nothing more', async () => {
  const [victim] = [...point.pages].filter(([, bytes]) => bytes[5] === 0 && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true) === BigInt(8 * MIB) && bytes.length > 2000);
  if (!victim) throw new TypeError('no leaf page');
  point.pages.delete(victim[0]);
  const image = await open('store');
  await read(image, { offsetBytes: 9 * MIB, lengthBytes: 8 * MIB });
  await expect(read(image, { offsetBytes: 17 * MIB - 512, lengthBytes: MIB })).rejects.toMatchObject({ extents: [{ offsetBytes: 17 * MIB, lengthBytes: MIB - 512 }] });
  point.pages.set(...victim);
  // Damage is not remembered: a repaired page is read.
  await read(image, { offsetBytes: 17 * MIB - 512, lengthBytes: MIB });
});

test('sectors that were unreadable at the source are told apart from damage', async () => {
  const source = new MemoryVolumeSource(new MemoryPoint([{ ...disk, unreadable: [{ offsetBytes: 10 * MIB, lengthBytes: 512 }] }]));
  const runs = await openDiskImage(source, { diskId: 'sda' }).readRuns({ offsetBytes: 10 * MIB - 4096, lengthBytes: 8192 });
  expect(runs.find((run) => run.kind === 'lost')).toEqual({ kind: 'lost', offsetBytes: 10 * MIB, lengthBytes: 512, reason: 'unreadable', volumeId: 'sda/p2' });
});

test('readers of the same chunk at the same time share one fetch, later ones the memory', async () => {
  const source = new MemoryVolumeSource(point);
  const image = openDiskImage(source, { diskId: 'sda', readAhead: false });
  const range = { offsetBytes: 10 * MIB, lengthBytes: 200 * KIB };
  await Promise.all(Array.from({ length: 20 }, () => read(image, range)));
  await read(image, range);
  expect(source.fetched).toHaveLength(1);
  expect(new Set(source.fetched[0]).size).toBe(source.fetched[0]?.length);
});

test('a reader that goes through the disk has its next chunks fetched ahead, many at a time', async () => {
  const calls = async (readAhead: boolean): Promise<number> => {
    const source = new MemoryVolumeSource(point);
    const image = openDiskImage(source, { diskId: 'sda', readAhead });
    for (let at = 9 * MIB + 64 * KIB; at < 19 * MIB; at += 64 * KIB) expect(Buffer.compare(await read(image, { offsetBytes: at, lengthBytes: 64 * KIB }), expected.subarray(at, at + 64 * KIB))).toBe(0);
    return source.fetched.length;
  };
  expect(await calls(false)).toBeGreaterThan(150);
  expect(await calls(true)).toBeLessThan(40);
});

test('a source that cannot be asked fails the read, and the next read asks again', async () => {
  const source = new MemoryVolumeSource(point);
  const image = openDiskImage(source, { diskId: 'sda' });
  const readChunks = source.readChunks.bind(source);
  source.readChunks = () => Promise.reject(new RangeError('no connection'));
  await expect(read(image, { offsetBytes: 10 * MIB, lengthBytes: 10 })).rejects.toThrow('no connection');
  source.readChunks = readChunks;
  await read(image, { offsetBytes: 10 * MIB, lengthBytes: 10 });
});

test('a disk that the point does not have is refused', () => {
  expect(() => openDiskImage(new MemoryVolumeSource(point), { diskId: 'sdz' })).toThrow(DiskNotInManifest);
});
