import { MIB, type MapEntry, type RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame } from '@lifeboat/protocol';
import type { BackupSession } from '../ingest.js';
import { draftOf, framesOf, joined, lengthOf, machineA, mapOf, openFor, type SampleVolume } from '../testing/sample-agent.js';
import { collect, SampleServer } from '../testing/sample-server.js';

const identity = { computerName: 'desk' as RestorePointManifest['computerName'] };
const chunk = (seed: number, lengthBytes = 65_536) => ({ kind: 'data', lengthBytes, seed }) as const;
const volumes: SampleVolume[] = [
  { volumeId: 'disk/1', runs: [chunk(1), chunk(2)] },
  { volumeId: 'disk/2', runs: [chunk(3), chunk(4), { kind: 'zero', lengthBytes: 9 * MIB }, chunk(5), chunk(6)] },
  { volumeId: 'disk/3', runs: [chunk(7)] },
];

/** Sends `count` frames, the durable part, then goes away. */
async function sendSome(session: BackupSession, count: number, options: Parameters<typeof framesOf>[1]): Promise<void> {
  for (const frame of framesOf(volumes, options).slice(0, count)) await session.accept(frame);
  await session.commitGroup();
}

async function baseMapsOf(session: BackupSession): Promise<MapEntry[][]> {
  return Promise.all(volumes.map((volume, index) =>
    session.bases[index]?.kind === 'none' ? Promise.resolve([]) : collect(session.readBaseMap(index, { offsetBytes: 0, lengthBytes: lengthOf(volume) }))));
}

async function finish(server: SampleServer, session: BackupSession, sent: readonly SampleVolume[] = volumes): Promise<RestorePointManifest> {
  const baseMaps = await baseMapsOf(session);
  for (const frame of framesOf(sent, { batchEntries: 2, baseMaps })) await session.accept(frame);
  const manifest = await session.commit(draftOf(sent), identity);
  for (const volume of sent) expect(joined(await server.readMap(manifest, volume.volumeId))).toEqual(joined(mapOf(volume)));
  return manifest;
}

test('a new session refers to what a parked one had made durable, ended volumes and half-done ones', async () => {
  const server = await SampleServer.start();
  const parked = await server.open(openFor(volumes));
  // Frames 1-2 are the first volume, frame 3 two chunks of the second, frame 4 the zeros and a chunk.
  await sendSome(parked, 4, { batchEntries: 2 });
  await server.restart();
  const session = await server.open(openFor(volumes, { resumeSessionId: parked.sessionId }));
  expect(session.bases).toEqual([
    { kind: 'resumed', pointId: null, mapRoot: expect.stringMatching(/^[0-9a-f]{64}$/) as string, resumedBytes: 131_072 },
    { kind: 'resumed', pointId: null, mapRoot: null, resumedBytes: 3 * 65_536 + 9 * MIB },
    { kind: 'none', pointId: null, mapRoot: null, resumedBytes: 0 },
  ]);
  await finish(server, session);
  expect(session.counters.plainBytes).toBe(2 * 65_536);
  expect(server.ingest.find(machineA, parked.sessionId)).toBeUndefined();
});

test('a prefix outlives several resumptions, each shorter than the one before', async () => {
  const server = await SampleServer.start();
  const first = await server.open(openFor(volumes));
  await sendSome(first, 4, { batchEntries: 2 });
  const second = await server.open(openFor(volumes, { resumeSessionId: first.sessionId }));
  await sendSome(second, 1, { batchEntries: 1, baseMaps: await baseMapsOf(second) });
  await server.restart();
  const third = await server.open(openFor(volumes, { resumeSessionId: second.sessionId }));
  expect(third.bases.map(({ resumedBytes }) => resumedBytes)).toEqual([131_072, 3 * 65_536 + 9 * MIB, 0]);
  await finish(server, third);
  expect(third.counters.plainBytes).toBe(2 * 65_536);
  expect(server.ingest.list().map(({ sessionId }) => sessionId)).toEqual([third.sessionId]);
});

test('the base point serves behind the resumed prefix, and a chunk that the border cuts is claimed by nobody', async () => {
  const server = await SampleServer.start();
  const base = await finish(server, await server.open(openFor(volumes)));
  // The same volumes, cut differently at the front of the second: the prefix ends in the middle of the base's first chunk.
  const recut = volumes.map((volume, index) => (index === 1 ? { ...volume, runs: [chunk(9, 4096), chunk(10, 126_976), ...volume.runs.slice(2)] } : volume));
  const parked = await server.open(openFor(recut, { basePointId: base.pointId }));
  const frames = framesOf(recut, { batchEntries: 1, baseMaps: await baseMapsOf(parked) });
  for (const frame of frames.slice(0, 4)) await parked.accept(frame);
  const session = await server.open(openFor(recut, { basePointId: base.pointId, resumeSessionId: parked.sessionId }));
  expect(session.bases[1]).toEqual({ kind: 'resumed', pointId: base.pointId, mapRoot: null, resumedBytes: 4096 });
  const map = await collect(session.readBaseMap(1, { offsetBytes: 0, lengthBytes: 131_072 }));
  expect(map.map(({ kind, offsetBytes, lengthBytes }) => [kind, offsetBytes, lengthBytes])).toEqual([['data', 0, 4096], ['unallocated', 4096, 61_440], ['data', 65_536, 65_536]]);
  const ref: BatchFrame = { type: 'batch', seq: 1, volume: 1, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0), entries: [{ kind: 'ref', offsetBytes: 0, lengthBytes: 131_072 }] };
  await session.accept(ref);
  await session.abort('TEST', 'the point of the map was made');
  await finish(server, await server.open(openFor(recut, { basePointId: base.pointId, resumeSessionId: parked.sessionId })), recut);
});

test('a machine that never finishes keeps a bounded number of sessions', async () => {
  const server = await SampleServer.start();
  for (let run = 0; run < 20; run += 1) {
    server.nowMs += 1;
    await server.open(openFor(volumes));
  }
  expect(server.ingest.list()).toHaveLength(16);
  expect(await server.store.sessionsFs.readDir()).toHaveLength(16);
});
