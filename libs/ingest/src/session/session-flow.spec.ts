import { MIB, type MapEntry, type RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame } from '@lifeboat/protocol';
import { constants, zstdCompressSync } from 'node:zlib';
import type { BackupSession } from '../ingest.js';
import { draftOf, framesOf, joined, lengthOf, machineA, machineB, mapOf, openFor, type SampleVolume } from '../testing/sample-agent.js';
import { codeOf, collect, SampleServer } from '../testing/sample-server.js';

const identity = { computerName: 'desk' as RestorePointManifest['computerName'] };
const chunk = (seed: number) => ({ kind: 'data', lengthBytes: 65_536, seed }) as const;

const first: SampleVolume[] = [
  { volumeId: 'disk/1', runs: [chunk(1), chunk(2), { kind: 'zero', lengthBytes: 3 * MIB }, chunk(3), { kind: 'unreadable', lengthBytes: 4096 }, { kind: 'unallocated', lengthBytes: 9 * MIB }, chunk(1)] },
  { volumeId: 'disk/2', runs: [chunk(4), chunk(2), chunk(6)] },
];
const second: SampleVolume[] = [
  { volumeId: 'disk/1', runs: [chunk(1), chunk(7), { kind: 'zero', lengthBytes: 3 * MIB }, chunk(3), { kind: 'unreadable', lengthBytes: 4096 }, { kind: 'unallocated', lengthBytes: 9 * MIB }, chunk(1)] },
  { volumeId: 'disk/2', runs: [chunk(4), chunk(2), chunk(8)] },
];

async function backUp(server: SampleServer, volumes: readonly SampleVolume[], base: RestorePointManifest | null = null): Promise<RestorePointManifest> {
  const session = await server.open(openFor(volumes, { basePointId: base?.pointId ?? null }));
  const baseMaps = base ? await Promise.all(volumes.map(({ volumeId }) => server.readMap(base, volumeId))) : [];
  for (const frame of framesOf(volumes, { batchEntries: 3, baseMaps })) await session.accept(frame);
  return session.commit(draftOf(volumes, base?.pointId ?? null), identity);
}

async function sendAll(session: BackupSession, volumes: readonly SampleVolume[]): Promise<void> {
  for (const frame of framesOf(volumes, { batchEntries: 2 })) await session.accept(frame);
}

const firstBatch = (volumes: readonly SampleVolume[] = first): BatchFrame => framesOf(volumes, { batchEntries: 2 })[0] as BatchFrame;

describe('a backup session', () => {
  let server: SampleServer;
  beforeEach(async () => {
    server = await SampleServer.start();
  });

  test('becomes a point with exactly the maps that were sent, counted by the server', async () => {
    const manifest = await backUp(server, first);
    for (const volume of first) expect(joined(await server.readMap(manifest, volume.volumeId))).toEqual(joined(mapOf(volume)));
    expect(manifest.disks[0]?.volumes[0]?.counts).toEqual({ dataBytes: 4 * 65_536, zeroBytes: 3 * MIB, unallocatedBytes: 9 * MIB, unreadableBytes: 4096 });
    expect(manifest).toMatchObject({ machineId: machineA, computerName: 'desk', createdAtMs: server.nowMs });
    expect(manifest.bytes.stored).toBeGreaterThan(0);
  });

  test('takes unchanged ranges from its base and stores only what differs', async () => {
    const base = await backUp(server, first);
    const point = await backUp(server, second, base);
    for (const volume of second) expect(joined(await server.readMap(point, volume.volumeId))).toEqual(joined(mapOf(volume)));
    expect(point.kind).toBe('incremental');
    expect(point.bytes.stored).toBeLessThan(base.bytes.stored);
  });

  test('is the same session for the same request, and refuses another request under its id', async () => {
    const open = openFor(first);
    const session = await server.open(open);
    expect(await server.open(open)).toBe(session);
    await server.restart();
    expect((await server.open(open)).sessionId).toBe(session.sessionId);
    expect(await codeOf(server.open({ ...open, volumes: [{ volumeId: 'x', lengthBytes: 1 }] }))).toBe('SESSION_REQUEST_REUSED');
  });

  test('drops a replayed frame, refuses one that comes too early, and goes on', async () => {
    const session = await server.open(openFor(first));
    const frames = framesOf(first, { batchEntries: 2 });
    expect(await codeOf(session.accept(frames[1] as BatchFrame))).toBe('FRAME_SEQUENCE_GAP');
    for (const frame of frames) {
      await session.accept(frame);
      await session.accept(frames[0] as BatchFrame);
    }
    const counters = session.counters;
    expect(counters.plainBytes).toBe(7 * 65_536);
    expect(session.state).toBe('complete');
    await session.commit(draftOf(first), identity);
  });

  test.each([
    { name: 'a gap', change: (frame: BatchFrame) => ({ ...frame, entries: frame.entries.map((entry) => ({ ...entry, offsetBytes: entry.offsetBytes + 4096 })) }), code: 'FRAME_OUT_OF_PLACE' },
    { name: 'a volume that is not there', change: (frame: BatchFrame) => ({ ...frame, volume: 7 }), code: 'FRAME_OUT_OF_PLACE' },
    { name: 'no entries', change: (frame: BatchFrame) => ({ ...frame, entries: [] }), code: 'FRAME_INVALID' },
    { name: 'a range beyond the volume', change: (frame: BatchFrame) => ({ ...frame, plainLengthBytes: 0, entries: [{ kind: 'zero' as const, offsetBytes: 0, lengthBytes: 2 ** 40 }] }), code: 'FRAME_OUT_OF_PLACE' },
    { name: 'chunks without bytes', change: (frame: BatchFrame) => ({ ...frame, plainLengthBytes: 0, payload: new Uint8Array(0) }), code: 'FRAME_INVALID' },
    { name: 'REF without a base', change: (frame: BatchFrame) => ({ ...frame, plainLengthBytes: 0, entries: [{ kind: 'ref' as const, offsetBytes: 0, lengthBytes: 65_536 }] }), code: 'REF_WITHOUT_BASE' },
  ])('refuses $name and stays as it was', async ({ change, code }) => {
    const session = await server.open(openFor(first));
    expect(await codeOf(session.accept(change(firstBatch())))).toBe(code);
    await sendAll(session, first);
    const manifest = await session.commit(draftOf(first), identity);
    expect(joined(await server.readMap(manifest, 'disk/1'))).toEqual(joined(mapOf(first[0] as SampleVolume)));
  });

  test.each([
    { name: 'a wrong digest', change: (frame: BatchFrame) => ({ ...frame, entries: frame.entries.map((entry) => ({ ...entry, digest: '0'.repeat(64) as never })) }), code: 'CHUNK_DIGEST_MISMATCH' },
    { name: 'a decompression bomb', change: (frame: BatchFrame) => ({ ...frame, codec: 'zstd' as const, payload: zstdCompressSync(new Uint8Array(64 * MIB), { params: { [constants.ZSTD_c_compressionLevel]: 1 } }) }), code: 'STORED_BYTES_INVALID' },
    { name: 'bytes that are not zstd', change: (frame: BatchFrame) => ({ ...frame, codec: 'zstd' as const, payload: new Uint8Array(50).fill(9) }), code: 'STORED_BYTES_INVALID' },
  ])('ends at $name and leaves no journal', async ({ change, code }) => {
    const session = await server.open(openFor(first));
    const good = firstBatch();
    expect(await codeOf(session.accept(change(good)))).toBe(code);
    expect(session.state).toBe('aborted');
    expect(await codeOf(session.accept(good))).toBe('SESSION_ENDED');
    expect(await server.store.sessionsFs.readDir()).toEqual([]);
    expect(server.store.digests).toEqual([]);
  });

  test('ends when agent and server disagree about a volume', async () => {
    const session = await server.open(openFor(first));
    for (const frame of framesOf(first, { batchEntries: 9 })) {
      if (frame.type === 'batch') await session.accept(frame);
      else {
        expect(await codeOf(session.accept({ ...frame, mapRoot: '1'.repeat(64) as never }))).toBe('VOLUME_ROOT_MISMATCH');
        break;
      }
    }
    expect(session.state).toBe('aborted');
  });

  test('refuses a volume-end before the volume is complete, and entries after it', async () => {
    const session = await server.open(openFor(first));
    const frames = framesOf(first, { batchEntries: 9 });
    const end = frames[1];
    expect(await codeOf(session.accept({ ...(end as Extract<typeof end, { type: 'volume-end' }>), seq: 1 }))).toBe('FRAME_OUT_OF_PLACE');
    for (const frame of frames.slice(0, 2)) await session.accept(frame);
    expect(await codeOf(session.accept({ ...(frames[0] as BatchFrame), seq: 3 }))).toBe('FRAME_OUT_OF_PLACE');
  });

  test('refuses an unchanged range that cuts a chunk of the base', async () => {
    const base = await backUp(server, first);
    const session = await server.open(openFor(first, { basePointId: base.pointId }));
    const ref = (offsetBytes: number, lengthBytes: number): BatchFrame => ({ type: 'batch', seq: 1, volume: 0, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0), entries: [{ kind: 'ref', offsetBytes, lengthBytes }] });
    expect(await codeOf(session.accept(ref(0, 65_536 + 4096)))).toBe('REF_CUTS_CHUNK');
    await session.accept(ref(0, 2 * 65_536 + 4096));
    expect(await codeOf(session.accept({ ...ref(2 * 65_536 + 4096, 3 * MIB), seq: 2 }))).toBe('REF_CUTS_CHUNK');
    await session.accept({ ...ref(2 * 65_536 + 4096, lengthOf(first[0] as SampleVolume) - 2 * 65_536 - 4096), seq: 2 });
    expect(session.counters.refBytes).toBe(lengthOf(first[0] as SampleVolume));
  });

  test('knows nothing of another machine: neither its sessions nor its points', async () => {
    const foreign = await backUp(server, first);
    const session = await server.open(openFor(first));
    expect(server.ingest.find(machineB, session.sessionId)).toBeUndefined();
    expect(server.ingest.find(machineA, session.sessionId)).toBe(session);
    expect(await codeOf(server.open(openFor(first, { basePointId: foreign.pointId }), machineB))).toBe('BASE_FOREIGN');
    expect(await codeOf(server.open(openFor(first, { resumeSessionId: session.sessionId }), machineB))).toBe('SESSION_UNKNOWN');
  });

  test('parks when the store is full, acknowledges nothing that is not durable, and goes on when there is room', async () => {
    const session = await server.open(openFor(first));
    const frames = framesOf(first, { batchEntries: 1 });
    await session.accept(frames[0] as BatchFrame);
    expect(await session.commitGroup()).toEqual({ durableSeq: 1 });
    await session.accept(frames[1] as BatchFrame);
    server.store.fillUp();
    await session.accept(frames[2] as BatchFrame);
    expect(await codeOf(session.accept(frames[3] as BatchFrame))).toBe('STORE_FULL');
    expect([session.state, session.durableSeq, (await session.commitGroup()).durableSeq]).toEqual(['parked', 1, 1]);
    expect(await codeOf(session.accept(frames[4] as BatchFrame))).toBe('FRAME_SEQUENCE_GAP');
    server.store.makeRoom();
    for (const frame of frames.slice(session.durableSeq)) await session.accept(frame);
    const manifest = await session.commit(draftOf(first), identity);
    expect(joined(await server.readMap(manifest, 'disk/1'))).toEqual(joined(mapOf(first[0] as SampleVolume)));
  });

  test.each(['ENOSPC', 'EIO'])('parks when its journal cannot be written (%s) and never appends to that file again', async (code) => {
    const session = await server.open(openFor(first));
    const frames = framesOf(first, { batchEntries: 1 });
    await session.accept(frames[0] as BatchFrame);
    server.store.sessionsFs.failNext(code, 1);
    expect(await codeOf(session.commitGroup())).toBe(code === 'EIO' ? 'STORE_UNUSABLE' : 'STORE_FULL');
    expect([session.state, session.durableSeq]).toEqual(['parked', 0]);
    const torn = server.store.sessionsFs.bytesOf(`${session.sessionId}-0.jrn`).slice();
    for (const frame of frames.slice(0, 3)) await session.accept(frame);
    expect(await session.commitGroup()).toEqual({ durableSeq: 3 });
    expect(server.store.sessionsFs.bytesOf(`${session.sessionId}-0.jrn`)).toEqual(torn);
    await server.restart();
    expect(server.ingest.find(machineA, session.sessionId)?.durableSeq).toBe(3);
  });

  test('commits once: the same manifest again, also after a restart between the commit and its clean-up', async () => {
    const session = await server.open(openFor(first));
    await sendAll(session, first);
    const manifest = await session.commit(draftOf(first), identity);
    expect(await session.commit(draftOf(first), identity)).toEqual(manifest);
    await server.restart();
    const again = server.ingest.find(machineA, session.sessionId);
    // The frames are gone from the journal; what was acknowledged is not taken back.
    expect([again?.state, again?.durableSeq]).toEqual(['committed', session.durableSeq]);
    expect(session.durableSeq).toBeGreaterThan(0);
    expect(await again?.commit({ ...draftOf(first), durationMs: 99 }, identity)).toEqual(manifest);
    expect(server.store.ledger).toHaveLength(1);
  });

  test('commits the same point when the first try failed after the identity was chosen', async () => {
    const session = await server.open(openFor(first));
    await sendAll(session, first);
    const commitPoint = server.store.commitPoint.bind(server.store);
    const pointIds: string[] = [];
    server.store.commitPoint = async (manifest) => {
      pointIds.push(manifest.pointId);
      if (pointIds.length === 1) throw new TypeError('the process dies here');
      // The second process dies after the ledger record, before anybody hears of it.
      await commitPoint(manifest);
      throw new TypeError('the process dies there');
    };
    expect(await codeOf(session.commit(draftOf(first), identity))).toContain('dies here');
    await server.restart();
    const second = server.ingest.find(machineA, session.sessionId);
    expect(second?.state).toBe('complete');
    expect(await codeOf(second?.commit(draftOf(first), identity) ?? Promise.resolve())).toContain('dies there');
    await server.restart();
    const third = server.ingest.find(machineA, session.sessionId);
    expect(third?.state).toBe('committed');
    expect((await third?.commit(draftOf(first), identity))?.pointId).toBe(pointIds[0]);
    expect([new Set(pointIds).size, server.store.ledger.length]).toEqual([1, 1]);
  });

  test('refuses to commit what was not sent', async () => {
    const session = await server.open(openFor(first));
    expect(await codeOf(session.commit(draftOf(first), identity))).toBe('SESSION_INCOMPLETE');
    await sendAll(session, first);
    expect(await codeOf(session.commit(draftOf(second), identity))).toBe('MANIFEST_MISMATCH');
    expect(await codeOf(session.commit(draftOf(first.slice(0, 1)), identity))).toBe('MANIFEST_MISMATCH');
    expect(await codeOf(session.commit(draftOf([...first, ...first.slice(0, 1)]), identity))).toBe('MANIFEST_MISMATCH');
    expect(server.store.ledger).toEqual([]);
    await session.commit(draftOf(first), identity);
  });

  test('expires when nothing was heard for long, across restarts, and leaves nothing', async () => {
    const session = await server.open(openFor(first));
    await session.accept(firstBatch());
    await session.commitGroup();
    server.nowMs += 50_000;
    await server.restart();
    expect(await server.ingest.expireParked()).toEqual([]);
    server.nowMs += 20_000;
    expect(await server.ingest.expireParked()).toEqual([session.sessionId]);
    expect(server.ingest.list()).toEqual([]);
    expect(await server.store.sessionsFs.readDir()).toEqual([]);
  });

  test('reads the base map as REF means it, and only inside the volume', async () => {
    const base = await backUp(server, first);
    const session = await server.open(openFor(first, { basePointId: base.pointId }));
    const length = lengthOf(first[0] as SampleVolume);
    expect(joined(await collect(session.readBaseMap(0, { offsetBytes: 0, lengthBytes: length })))).toEqual(joined(mapOf(first[0] as SampleVolume)));
    expect(await collect(session.readBaseMap(0, { offsetBytes: 65_000, lengthBytes: 70_000 }))).toEqual([
      expect.objectContaining({ kind: 'data', offsetBytes: 0 }), expect.objectContaining({ kind: 'data', offsetBytes: 65_536 }), { kind: 'zero', offsetBytes: 131_072, lengthBytes: 3928 },
    ]);
    expect(await codeOf(collect(session.readBaseMap(0, { offsetBytes: 0, lengthBytes: length + 1 })))).toBe('FRAME_OUT_OF_PLACE');
    expect(await codeOf(collect(session.readBaseMap(9, { offsetBytes: 0, lengthBytes: 1 })))).toBe('FRAME_OUT_OF_PLACE');
  });

  test('parks when a chunk of the base is gone, so that bytes are sent instead', async () => {
    const base = await backUp(server, first);
    const [lost] = mapOf(first[1] as SampleVolume);
    server.store.lose((lost as Extract<MapEntry, { kind: 'data' }>).digest);
    const session = await server.open(openFor(first, { basePointId: base.pointId }));
    const refs = framesOf(first, { batchEntries: 9, baseMaps: first.map(mapOf) });
    for (const frame of refs.slice(0, 2)) await session.accept(frame);
    expect(await codeOf(session.accept(refs[2] as BatchFrame))).toBe('BASE_DAMAGED');
    expect(session.state).toBe('parked');
  });
});
