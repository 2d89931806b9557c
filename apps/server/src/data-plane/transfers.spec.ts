import { join } from 'node:path';
import { expand } from '@lifeboat/codec';
import type { Frame } from '@lifeboat/protocol';
import { nodeStoreFs, type OpenMode, type StoreFile, type StoreFs } from '@lifeboat/store';
import { SampleAgent, SampleTransfer } from '../testing/sample-agent.js';
import { backUp, chunkBytes, openTransfer, SampleVolume } from '../testing/sample-backup.js';
import { TemporaryServer } from '../testing/temporary-server.js';

let server: TemporaryServer;
beforeAll(async () => { server = await TemporaryServer.start(); }, 180_000);
afterAll(() => server.stop(), 180_000);

async function connected(name: string): Promise<SampleAgent> {
  const agent = new SampleAgent(server, name);
  await agent.enrol(await server.enrolmentToken());
  await agent.connect();
  return agent;
}

const isFail = (frame: Frame): frame is Extract<Frame, { type: 'fail' }> => frame.type === 'fail';
const isReadEnd = (frame: Frame): frame is Extract<Frame, { type: 'read-end' }> => frame.type === 'read-end';

/** Reads a range through the data plane and puts the bytes together. */
async function readBack(ticket: unknown, range: Readonly<{ offsetBytes: number; lengthBytes: number }>): Promise<Buffer> {
  const transfer = await openTransfer(server, ticket);
  transfer.send({ type: 'read', seq: 1, volume: 0, mapOnly: false, ...range });
  expect(await transfer.until(isReadEnd)).toMatchObject({ seq: 1, damagedBytes: 0 });
  transfer.close();
  const bytes = Buffer.alloc(range.lengthBytes);
  for (const frame of transfer.frames) {
    if (frame.type !== 'batch') continue;
    const plain = expand(frame.codec, frame.payload, frame.plainLengthBytes);
    let at = 0;
    for (const entry of frame.entries) {
      if (entry.kind !== 'data') continue;
      bytes.set(plain.subarray(at, at + entry.lengthBytes), entry.offsetBytes - range.offsetBytes);
      at += entry.lengthBytes;
    }
  }
  return bytes;
}

async function jobOf(jobId: unknown): Promise<Readonly<Record<string, unknown>> | null> {
  return (await server.request('GET', `/api/v1/jobs/${String(jobId)}`)).body;
}

test('a backup becomes a point that comes back byte for byte', async () => {
  const agent = await connected('whole');
  const volume = new SampleVolume(1, 40);
  const pointId = await backUp(server, agent, volume);
  const versions = (await server.request('GET', '/api/v1/computers/whole/versions')).body;
  expect(versions).toMatchObject({ computer: 'whole', versions: [{ id: pointId, state: 'good', kind: 'full' }] });
  expect((await server.request('GET', `/api/v1/computers/whole/versions/${pointId.slice(0, 6)}`)).body).toMatchObject({ manifest: { pointId, computerName: 'whole' } });
  const opened = await agent.ask('restore.open', { version: 'latest' });
  expect((await readBack(opened['ticket'], { offsetBytes: 0, lengthBytes: volume.lengthBytes })).equals(volume.bytes())).toBe(true);
  const granted = (await server.request('POST', '/api/v1/restores', { computer: 'whole', version: pointId })).body;
  const part = { offsetBytes: 3 * chunkBytes, lengthBytes: 2 * chunkBytes };
  expect((await readBack(granted?.['ticket'], part)).equals(volume.bytes().subarray(part.offsetBytes, part.offsetBytes + part.lengthBytes))).toBe(true);
  agent.disconnect();
}, 120_000);

test('the data plane opens with a fresh ticket only', async () => {
  const agent = await connected('tickets');
  const opened = await agent.ask('session.open', new SampleVolume(2, 1).openRequest());
  const ticket = String(opened['ticket']);
  expect(await SampleTransfer.open(server.url, null)).toBe(401);
  expect(await SampleTransfer.open(server.url, 'made-up')).toBe(401);
  expect(await SampleTransfer.open(server.url, null, `/data?ticket=${ticket}`)).toBe(401);
  expect(await SampleTransfer.open(server.url, ticket, '/elsewhere')).toBe(401);
  (await openTransfer(server, ticket)).close();
  expect(await SampleTransfer.open(server.url, ticket)).toBe(401);
  agent.disconnect();
});

test('no agent reads, attaches to or reports on what is another machine\'s', async () => {
  const owner = await connected('owner');
  const other = await connected('other');
  const pointId = await backUp(server, owner, new SampleVolume(3, 2));
  const session = await owner.ask('session.open', new SampleVolume(4, 2).openRequest());
  expect(await other.emit('restore.open', { version: pointId })).toMatchObject({ ok: false, code: 'VERSION_NOT_FOUND' });
  expect(await other.emit('session.attach', { sessionId: session['sessionId'] })).toMatchObject({ ok: false, code: 'SESSION_NOT_FOUND' });
  expect(await other.emit('base-map.open', { sessionId: session['sessionId'] })).toMatchObject({ ok: false, code: 'SESSION_NOT_FOUND' });
  expect(await other.emit('job.report', { jobId: session['jobId'], state: 'failed', code: null, message: null, pointId: null })).toMatchObject({ ok: false, code: 'JOB_NOT_FOUND' });
  expect(await other.emit('session.open', { ...new SampleVolume(4, 2).openRequest(), jobId: session['jobId'] })).toMatchObject({ ok: false, code: 'JOB_NOT_FOUND' });
  expect(await other.ask('points.list', {})).toEqual({ points: [] });
  const stolen = await other.ask('session.open', { ...new SampleVolume(3, 2).openRequest(), basePointId: pointId }).catch(() => null);
  expect((stolen?.['bases'] as { kind: string }[] | undefined)?.every((base) => base.kind === 'none') ?? true).toBe(true);
  owner.disconnect();
  other.disconnect();
});

test.each([
  { name: 'garbage', frames: (volume: SampleVolume) => volume.frames(), spoil: () => Buffer.from('this is no frame at all, and much longer than a header'), code: 'FRAME_INVALID', job: 'parked' },
  { name: 'a frame from the future', frames: (volume: SampleVolume) => volume.frames().slice(1), spoil: null, code: 'FRAME_SEQUENCE_GAP', job: 'parked' },
  {
    name: 'bytes under a wrong digest', spoil: null, code: 'CHUNK_DIGEST_MISMATCH', job: 'failed',
    frames: (volume: SampleVolume) => volume.frames().map((frame) => (frame.type === 'batch' ? { ...frame, codec: 'raw' as const, payload: Buffer.alloc(frame.plainLengthBytes, 7) } : frame)),
  },
])('$name ends the transfer with a code and nothing else', async ({ name, frames, spoil, code, job }) => {
  const agent = await connected(name);
  const volume = new SampleVolume(5, 3);
  const opened = await agent.ask('session.open', volume.openRequest());
  const transfer = await openTransfer(server, opened['ticket']);
  if (spoil) transfer.sendRaw(spoil());
  for (const frame of frames(volume)) transfer.send(frame);
  expect(await transfer.until(isFail)).toMatchObject({ code });
  await transfer.untilClosed();
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: job, code });
  agent.disconnect();
});

test('an interrupted backup goes on where it was durable, also after a restart of the server', async () => {
  const agent = await connected('interrupted');
  const volume = new SampleVolume(6, 30);
  const frames = volume.frames();
  const opened = await agent.ask('session.open', volume.openRequest());
  const first = await openTransfer(server, opened['ticket']);
  for (const frame of frames.slice(0, 2)) first.send(frame);
  await first.untilDurable(2);
  agent.disconnect();
  await server.restart();
  await agent.connect();
  const attached = await agent.ask('session.attach', { sessionId: opened['sessionId'] });
  expect(attached).toMatchObject({ durableSeq: 2 });
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'running' });
  const second = await openTransfer(server, attached['ticket']);
  for (const frame of frames.slice(2)) second.send(frame);
  await second.untilDurable(frames.length);
  const committed = await agent.ask('session.commit', { sessionId: opened['sessionId'], draft: volume.draft() });
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'done', pointId: committed['pointId'] });
  const granted = await agent.ask('restore.open', { version: 'latest' });
  expect((await readBack(granted['ticket'], { offsetBytes: 0, lengthBytes: volume.lengthBytes })).equals(volume.bytes())).toBe(true);
  agent.disconnect();
}, 180_000);

test('an operator\'s backup waits for its agent and is stopped on request', async () => {
  const agent = new SampleAgent(server, 'asked');
  await agent.enrol(await server.enrolmentToken());
  const started = (await server.request('POST', '/api/v1/backups', { computers: ['asked'], full: true })).body;
  const jobId = (started?.['jobs'] as { jobId: string }[])[0]?.jobId;
  expect(await jobOf(jobId)).toMatchObject({ state: 'queued', trigger: 'admin' });
  const again = (await server.request('POST', '/api/v1/backups', { computers: ['asked'] })).body;
  expect((again?.['jobs'] as { jobId: string }[])[0]?.jobId).toBe(jobId);
  const asked = new Promise<unknown>((resolve) => {
    void agent.connect().then(() => {
      agent.socket?.on('job.start', (request: unknown, acknowledge: (answer: unknown) => void) => {
        acknowledge({ ok: true, result: { accepted: true, reason: null } });
        resolve(request);
      });
    });
  });
  expect(await asked).toMatchObject({ jobId, kind: 'backup', full: true });
  await agent.ask('job.report', { jobId, state: 'running', code: null, message: null, pointId: null });
  expect(await jobOf(jobId)).toMatchObject({ state: 'running' });
  agent.socket?.on('job.stop', (_: unknown, acknowledge: (answer: unknown) => void) => { acknowledge({ ok: true, result: { accepted: false, reason: 'not running any more' } }); });
  expect((await server.request('POST', `/api/v1/jobs/${String(jobId)}/stop`, { now: true })).body).toMatchObject({ state: 'stopped' });
  expect((await server.request('POST', `/api/v1/jobs/${String(jobId)}/stop`, {})).body).toMatchObject({ code: 'JOB_FINISHED' });
  agent.disconnect();
}, 120_000);

test('a full store parks the backup, which goes on when there is room again', async () => {
  await server.restart({}, { quotaBytes: 1 });
  const agent = await connected('full');
  const volume = new SampleVolume(7, 20);
  const opened = await agent.ask('session.open', volume.openRequest());
  const first = await openTransfer(server, opened['ticket']);
  for (const frame of volume.frames()) first.send(frame);
  expect(await first.until(isFail)).toMatchObject({ code: 'STORE_FULL', retry: 'later', retryAfterMs: 30_000 });
  await first.untilClosed();
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'parked', code: 'STORE_FULL' });
  await server.restart();
  await agent.connect();
  const attached = await agent.ask('session.attach', { sessionId: opened['sessionId'] });
  const second = await openTransfer(server, attached['ticket']);
  const frames = volume.frames();
  for (const frame of frames.slice(Number(attached['durableSeq']))) second.send(frame);
  await second.untilDurable(frames.length);
  await agent.ask('session.commit', { sessionId: opened['sessionId'], draft: volume.draft() });
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'done', code: null });
  agent.disconnect();
}, 180_000);

test('a disk that fills up during a backup parks it, and the same server goes on when there is room', async () => {
  const disk = new FillableDisk(nodeStoreFs(join(server.dataDir, 'store')));
  await server.restart({ storeFs: disk });
  const agent = await connected('filling');
  const volume = new SampleVolume(8, 40);
  const frames = volume.frames();
  const opened = await agent.ask('session.open', volume.openRequest());
  const first = await openTransfer(server, opened['ticket']);
  for (const frame of frames.slice(0, 2)) first.send(frame);
  await first.untilDurable(2);
  disk.isFull = true;
  for (const frame of frames.slice(2)) first.send(frame);
  expect(await first.until(isFail)).toMatchObject({ code: 'STORE_FULL', retry: 'later' });
  await first.untilClosed();
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'parked', code: 'STORE_FULL' });
  // The agent goes on telling its progress and knocking; neither makes a run that waits for room a running one.
  const progress = { phase: 'send', bytes: { source: 1, used: 1, read: 1, changed: 1, sent: 1, stored: 0 }, doneBytes: 1, totalBytes: 1 };
  await agent.ask('session.progress', { sessionId: opened['sessionId'], progress });
  await agent.ask('session.attach', { sessionId: opened['sessionId'] });
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'parked', code: 'STORE_FULL' });
  disk.isFull = false;
  const attached = await agent.ask('session.attach', { sessionId: opened['sessionId'] });
  expect(attached['durableSeq']).toBe(2);
  const second = await openTransfer(server, attached['ticket']);
  for (const frame of frames.slice(2)) second.send(frame);
  await second.untilDurable(frames.length);
  expect(await jobOf(opened['jobId'])).toMatchObject({ state: 'running', code: null });
  await agent.ask('session.commit', { sessionId: opened['sessionId'], draft: volume.draft() });
  const granted = await agent.ask('restore.open', { version: 'latest' });
  expect((await readBack(granted['ticket'], { offsetBytes: 0, lengthBytes: volume.lengthBytes })).equals(volume.bytes())).toBe(true);
  agent.disconnect();
}, 180_000);

/** A real directory on which packs find no space while `isFull`. */
class FillableDisk implements StoreFs {
  isFull = false;

  constructor(private readonly fs: StoreFs) {}

  async open(path: string, mode: OpenMode): Promise<StoreFile> {
    const file = await this.fs.open(path, mode);
    const writeAt = (source: Uint8Array, position: number): Promise<number> =>
      this.isFull && path.startsWith('open/') ? Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })) : file.writeAt(source, position);
    return { readAt: (target, position) => file.readAt(target, position), writeAt, sync: () => file.sync(), truncate: (length) => file.truncate(length), size: () => file.size(), close: () => file.close() };
  }

  rename = (from: string, to: string): Promise<void> => this.fs.rename(from, to);
  unlink = (path: string): Promise<void> => this.fs.unlink(path);
  mkdir = (path: string): Promise<void> => this.fs.mkdir(path);
  readDir = (path: string): Promise<string[]> => this.fs.readDir(path);
  syncDir = (path: string): Promise<void> => this.fs.syncDir(path);
  stat = (path: string): ReturnType<StoreFs['stat']> => this.fs.stat(path);
  statfs = (): ReturnType<StoreFs['statfs']> => this.fs.statfs();
  exists = (path: string): Promise<boolean> => this.fs.exists(path);
}
