import { systemClock } from '@lifeboat/codec';
import { walkMap, type RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame } from '@lifeboat/protocol';
import type { Store } from '@lifeboat/store';
import { MemoryStoreFs, openMemoryStore, seededRandom } from '@lifeboat/store/testing';
import { createIngest } from '../create-ingest.js';
import type { Ingest } from '../ingest.js';
import { draftOf, framesOf, joined, machineA, mapOf, openFor, type SampleVolume } from '../testing/sample-agent.js';
import { codeOf, collect } from '../testing/sample-server.js';

const identity = { computerName: 'desk' as RestorePointManifest['computerName'] };
const volumes: SampleVolume[] = [
  { volumeId: 'disk/1', runs: Array.from({ length: 24 }, (_, seed) => (seed % 5 === 4 ? { kind: 'zero', lengthBytes: 9_000_000 } : { kind: 'data', lengthBytes: 4096, seed: seed % 17 })) },
  { volumeId: 'disk/2', runs: Array.from({ length: 9 }, (_, seed) => ({ kind: 'data', lengthBytes: 2048, seed })) },
];
const frames = framesOf(volumes, { batchEntries: 4 });

type Server = { fs: MemoryStoreFs; store: Store; ingest: Ingest };

async function start(fs: MemoryStoreFs, seed: number): Promise<Server> {
  const random = seededRandom(seed);
  const store = await openMemoryStore(fs, { random });
  return { fs, store, ingest: await createIngest({ store, clock: systemClock, random, parkedMaxMs: 60_000 }) };
}

async function assertWhole(store: Store, manifest: RestorePointManifest): Promise<void> {
  for (const volume of volumes) {
    const kept = manifest.disks[0]?.volumes.find(({ volumeId }) => volumeId === volume.volumeId);
    if (!kept) throw new TypeError('a volume is missing');
    const map = await collect(walkMap({ root: kept.mapRoot, lengthBytes: kept.lengthBytes, getPage: store.readPage }));
    expect(joined(map)).toEqual(joined(mapOf(volume)));
    for (const entry of map) if (entry.kind === 'data') expect(await store.readChunk(entry.digest)).toHaveLength(entry.lengthBytes);
  }
}

// The process dies before its Nth file operation, for every N; the machine loses power too in every second run.
test('a backup on the real store goes on where it was acknowledged, wherever the server dies', async () => {
  const request = openFor(volumes);
  const counting = new MemoryStoreFs();
  const whole = await start(counting, 1);
  const before = counting.operations;
  await backUp(whole, request, () => undefined);
  const operations = counting.operations - before;
  expect(operations).toBeGreaterThan(40);

  for (let death = 1; death <= operations; death += 1) {
    const first = await start(new MemoryStoreFs(), death);
    let acknowledged = 0;
    first.fs.dieBefore = first.fs.operations + death;
    const died = await codeOf(backUp(first, request, (seq) => (acknowledged = seq)));
    const random = seededRandom(death);
    const second = await start(first.fs.crash(death % 2 === 0 ? 'power' : 'kill', (count) => random.next(count)), death + 10_000);
    const session = await second.ingest.open({ machineId: machineA, open: request, findBase: () => Promise.reject(new TypeError('there is no base')) });
    expect([died === 'none' || session.durableSeq >= acknowledged || session.state === 'committed', death]).toEqual([true, death]);
    for (const frame of session.state === 'committed' ? [] : frames.slice(session.durableSeq)) await session.accept(frame);
    const manifest = await session.commit(draftOf(volumes), identity);
    await assertWhole(second.store, manifest);
    const committed = (await collect(second.store.readLedger(1))).filter(({ event }) => event.type === 'point.committed');
    expect(committed).toHaveLength(1);
    await second.ingest.close();
    await second.store.close();
  }
}, 300_000);

async function backUp({ ingest }: Server, request: ReturnType<typeof openFor>, onAck: (seq: number) => void): Promise<void> {
  const session = await ingest.open({ machineId: machineA, open: request, findBase: () => Promise.reject(new TypeError('there is no base')) });
  for (const frame of frames) {
    await session.accept(frame);
    if (frame.seq % 3 === 0) onAck((await session.commitGroup()).durableSeq);
  }
  await session.commit(draftOf(volumes), identity);
}

test('a real store that is full parks the session, and room lets it go on', async () => {
  const { fs, store, ingest } = await start(new MemoryStoreFs(), 7);
  const session = await ingest.open({ machineId: machineA, open: openFor(volumes), findBase: () => Promise.reject(new TypeError('there is no base')) });
  await session.accept(frames[0] as BatchFrame);
  await session.commitGroup();
  const used = fs.paths().reduce((sum, path) => sum + fs.bytesOf(path).length, 0);
  fs.capacityBytes = used + 100;
  expect(await codeOf((async () => {
    for (const frame of frames.slice(1)) await session.accept(frame);
    await session.commitGroup();
  })())).toBe('STORE_FULL');
  expect([session.state, session.durableSeq]).toEqual(['parked', 1]);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  for (const frame of frames.slice(session.durableSeq)) await session.accept(frame);
  await assertWhole(store, await session.commit(draftOf(volumes), identity));
});

test('a session that never began leaves no file: neither on a full disk nor, a day later, after a crash', async () => {
  const { fs, ingest } = await start(new MemoryStoreFs(), 8);
  const open = (): Promise<unknown> => ingest.open({ machineId: machineA, open: openFor(volumes), findBase: () => Promise.reject(new TypeError('there is no base')) });
  const journals = (of: MemoryStoreFs): string[] => of.paths().filter((path) => path.startsWith('sessions/'));
  fs.capacityBytes = fs.usedBytes() + 100;
  for (const attempt of [1, 2, 3]) expect([await codeOf(open()), attempt]).toEqual(['STORE_FULL', attempt]);
  expect(journals(fs)).toEqual([]);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  fs.faults = (operation) => {
    if (operation === 'write') fs.dieBefore = fs.operations + 1;
    return undefined;
  };
  expect(await codeOf(open())).not.toBe('none');
  const left = fs.crash('kill');
  expect(journals(left)).toHaveLength(1);
  let nowMs = 1_000_000;
  const store = await openMemoryStore(left, { random: seededRandom(9) });
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const again = await createIngest({ store, clock, random: seededRandom(9), parkedMaxMs: 60_000 });
  await again.expireParked();
  expect(journals(left)).toHaveLength(1);
  nowMs += 60_001;
  await again.expireParked();
  expect(journals(left)).toEqual([]);
});
