import type { Digest, MapEntry, RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame } from '@lifeboat/protocol';
import { SessionNeedsData } from '../errors.js';
import type { BackupSession } from '../ingest.js';
import { draftOf, framesOf, joined, machineA, mapOf, openFor, type SampleVolume } from '../testing/sample-agent.js';
import { codeOf, SampleServer } from '../testing/sample-server.js';

const identity = { computerName: 'desk' as RestorePointManifest['computerName'] };
const chunk = (seed: number) => ({ kind: 'data', lengthBytes: 65_536, seed }) as const;
const volumes: SampleVolume[] = [{ volumeId: 'disk/1', runs: [chunk(1), chunk(2), { kind: 'zero', lengthBytes: 65_536 }, chunk(3)] }, { volumeId: 'disk/2', runs: [chunk(4), chunk(5)] }];
const frames = framesOf(volumes, { batchEntries: 1 });
const batchAt = (volume: number, index: number, seq: number): BatchFrame => ({ ...(frames.filter((frame): frame is BatchFrame => frame.type === 'batch' && frame.volume === volume)[index] as BatchFrame), seq });
const digestAt = (volume: number, index: number): Digest => (mapOf(volumes[volume] as SampleVolume)[index] as MapEntry & { kind: 'data' }).digest;

async function complete(server: SampleServer): Promise<BackupSession> {
  const session = await server.open(openFor(volumes));
  for (const frame of frames) await session.accept(frame);
  await session.commitGroup();
  return session;
}

async function neededBy(session: BackupSession): Promise<unknown> {
  try {
    return await session.commit(draftOf(volumes), identity);
  } catch (error) {
    return error instanceof SessionNeedsData ? error.needed : error;
  }
}

test('chunks that the store lost before the commit are asked for, come again, and the point is whole', async () => {
  const server = await SampleServer.start();
  const session = await complete(server);
  server.store.lose(digestAt(0, 1));
  server.store.lose(digestAt(1, 0));
  expect(await neededBy(session)).toEqual([{ volume: 0, offsetBytes: 65_536, lengthBytes: 65_536 }, { volume: 1, offsetBytes: 0, lengthBytes: 65_536 }]);
  await session.accept(batchAt(0, 1, frames.length + 1));
  await session.accept(batchAt(1, 0, frames.length + 2));
  expect(await session.commitGroup()).toEqual({ durableSeq: frames.length + 2 });
  const manifest = (await neededBy(session)) as RestorePointManifest;
  for (const volume of volumes) expect(joined(await server.readMap(manifest, volume.volumeId))).toEqual(joined(mapOf(volume)));
  expect(manifest.disks[0]?.volumes[0]?.counts.dataBytes).toBe(3 * 65_536);
});

test('what came again survives a restart of the server, and the session goes on after it', async () => {
  const server = await SampleServer.start();
  const first = await complete(server);
  server.store.lose(digestAt(0, 0));
  server.store.lose(digestAt(1, 1));
  await neededBy(first);
  await first.accept(batchAt(0, 0, frames.length + 1));
  await first.commitGroup();
  await server.restart();
  const second = server.ingest.find(machineA, first.sessionId) as BackupSession;
  expect([second.state, second.durableSeq]).toEqual(['complete', frames.length + 1]);
  expect(await neededBy(second)).toEqual([{ volume: 1, offsetBytes: 65_536, lengthBytes: 65_536 }]);
  await second.accept(batchAt(1, 1, frames.length + 2));
  expect(await neededBy(second)).toMatchObject({ machineId: machineA });
});

test('an ended volume takes nothing but the chunks of its map', async () => {
  const server = await SampleServer.start();
  const session = await complete(server);
  const moved = batchAt(0, 1, frames.length + 1);
  const entry = moved.entries[0] as MapEntry;
  expect(await codeOf(session.accept({ ...moved, entries: [{ ...entry, offsetBytes: 0 }] }))).toBe('FRAME_OUT_OF_PLACE');
  expect(await codeOf(session.accept({ ...moved, entries: [{ ...entry, offsetBytes: 10 ** 12 }] }))).toBe('FRAME_OUT_OF_PLACE');
  expect(await codeOf(session.accept({ ...batchAt(1, 0, frames.length + 1), volume: 0 }))).toBe('FRAME_OUT_OF_PLACE');
  expect(await codeOf(session.accept({ ...moved, entries: [{ kind: 'zero', offsetBytes: 131_072, lengthBytes: 65_536 }], plainLengthBytes: 0, payload: new Uint8Array(0) }))).toBe('FRAME_OUT_OF_PLACE');
  expect(session.durableSeq).toBe(frames.length);
});

test('a lost page cannot be filled in: the backup has to start again', async () => {
  const server = await SampleServer.start();
  const session = await complete(server);
  const end = frames.find((frame) => frame.type === 'volume-end');
  server.store.lose((end as { mapRoot: Digest }).mapRoot);
  expect(['POINT_CLOSURE_BROKEN', 'CHUNK_MISSING']).toContain(await codeOf(session.commit(draftOf(volumes), identity)));
});

test('everything an unfinished session counts on is told to garbage collection, also after a restart; of an ended one nothing', async () => {
  const server = await SampleServer.start();
  const session = await server.open(openFor(volumes));
  for (const frame of frames.slice(0, 6)) await session.accept(frame);
  const roots = async (): Promise<Set<Digest>> => {
    const told = new Set<Digest>();
    await server.ingest.visitRoots((digest) => told.add(digest));
    return told;
  };
  const sent = [digestAt(0, 0), digestAt(0, 1), digestAt(0, 3), digestAt(1, 0)];
  for (const digest of sent) expect(await roots()).toContain(digest);
  await session.commitGroup();
  expect(await roots()).toEqual(new Set(server.store.digests));
  await server.restart();
  for (const digest of sent) expect(await roots()).toContain(digest);
  await server.ingest.find(machineA, session.sessionId)?.abort('TEST', 'enough');
  expect(await roots()).toEqual(new Set());
});
