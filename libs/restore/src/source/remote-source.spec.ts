import { endOf, MIB, type Digest } from '@lifeboat/model';
import { DataPlaneTwin, makeSampleDisk, MemoryPoint } from '../testing/index.js';
import { openRemoteSource } from './remote-source.js';
import type { RestoredRun, VolumeSource } from './volume-source.js';

let point: MemoryPoint;
let diskBytes: Uint8Array;
let twin: DataPlaneTwin;

beforeAll(async () => {
  const disk = await makeSampleDisk();
  diskBytes = disk.bytes;
  point = new MemoryPoint([disk]);
});
beforeEach(async () => {
  twin = await DataPlaneTwin.start(point);
});
afterEach(async () => {
  await twin.close();
});

const open = (signal = new AbortController().signal): Promise<VolumeSource> =>
  openRemoteSource({ url: twin.url, ...twin.issueTicket(), manifest: point.manifest, renewTicket: () => Promise.resolve(twin.issueTicket()), signal });

async function collect(runs: AsyncIterable<RestoredRun>): Promise<RestoredRun[]> {
  const collected: RestoredRun[] = [];
  for await (const run of runs) collected.push(run);
  return collected;
}

/** Puts runs together again; what is not data stays 0x00. Fails on gaps, overlaps and disorder. */
function assemble(runs: readonly RestoredRun[], range: { offsetBytes: number; lengthBytes: number }): Uint8Array {
  const bytes = new Uint8Array(range.lengthBytes);
  let at = range.offsetBytes;
  for (const run of runs) {
    expect(run.offsetBytes).toBe(at);
    if (run.kind === 'data') bytes.set(run.bytes, at - range.offsetBytes);
    at = endOf(run);
  }
  expect(at).toBe(endOf(range));
  return bytes;
}

const partition = { offsetBytes: 9 * MIB, lengthBytes: 30 * MIB };
const partitionBytes = (): Uint8Array => diskBytes.slice(partition.offsetBytes, endOf(partition));
const firstData = (volume: number): { digest: Digest; offsetBytes: number; lengthBytes: number } => {
  const entry = point.maps[volume]?.find((candidate) => candidate.kind === 'data');
  if (entry?.kind !== 'data') throw new TypeError('no chunk');
  return entry;
};

test('a whole volume comes back equal, within the credit', async () => {
  const source = await open();
  const bytes = assemble(await collect(source.read(2)), { offsetBytes: 0, lengthBytes: partition.lengthBytes });
  expect(Buffer.compare(bytes, partitionBytes())).toBe(0);
  expect(twin.overdrawn).toBe(false);
  await source.close();
});

test.each([
  { name: 'inside one chunk', offsetBytes: 2 * MIB + 100, lengthBytes: 50 },
  { name: 'across chunks and runs', offsetBytes: 4 * MIB - 5, lengthBytes: 9 * MIB + 11 },
  { name: 'the last byte', offsetBytes: 30 * MIB - 1, lengthBytes: 1 },
])('a range $name comes back equal', async ({ offsetBytes, lengthBytes }) => {
  const source = await open();
  const range = { offsetBytes, lengthBytes };
  const bytes = assemble(await collect(source.read(2, range)), range);
  expect(Buffer.compare(bytes, partitionBytes().subarray(offsetBytes, offsetBytes + lengthBytes))).toBe(0);
  await source.close();
});

test('a connection that is cut again and again only costs connections', async () => {
  twin.faults.cutAfterFrames = [1, 3, 9];
  const source = await open();
  const bytes = assemble(await collect(source.read(2)), { offsetBytes: 0, lengthBytes: partition.lengthBytes });
  expect(Buffer.compare(bytes, partitionBytes())).toBe(0);
  expect(twin.connections).toBe(4);
  await source.close();
});

test.each(['lost', 'falsified'] as const)('a %s chunk is damaged exactly, the rest arrives', async (fault) => {
  const victim = firstData(2);
  twin.faults[fault].add(victim.digest);
  const source = await open();
  const runs = await collect(source.read(2));
  expect(runs.filter((run) => run.kind === 'damaged')).toEqual([{ kind: 'damaged', offsetBytes: victim.offsetBytes, lengthBytes: victim.lengthBytes }]);
  const expected = partitionBytes();
  expected.fill(0, victim.offsetBytes, endOf(victim));
  expect(Buffer.compare(assemble(runs, { offsetBytes: 0, lengthBytes: partition.lengthBytes }), expected)).toBe(0);
  await source.close();
});

test('a map that is not the one of the point is refused at the end of the volume', async () => {
  twin.faults.wrongMap = true;
  const source = await open();
  await expect(collect(source.read(2))).rejects.toMatchObject({ code: 'RESTORE_ROOT_MISMATCH', details: { volumeId: 'sda/p2' } });
  await source.close();
});

test('a ticket works once', async () => {
  const { ticket, creditBytes } = twin.issueTicket();
  const options = { url: twin.url, ticket, creditBytes, manifest: point.manifest, renewTicket: () => Promise.resolve(twin.issueTicket()), signal: new AbortController().signal };
  const source = await openRemoteSource(options);
  await expect(openRemoteSource(options)).rejects.toMatchObject({ code: 'RESTORE_TICKET_REFUSED', details: { status: 401 } });
  await source.close();
});

test('an unreachable server is told apart', async () => {
  const url = twin.url;
  await twin.close();
  const options = { url, ticket: 'x', creditBytes: 1, manifest: point.manifest, renewTicket: () => Promise.reject(new TypeError('no')), signal: new AbortController().signal };
  await expect(openRemoteSource(options)).rejects.toMatchObject({ code: 'RESTORE_CONNECTION_LOST' });
});

test('aborting ends a read with the reason of the signal', async () => {
  const stop = new AbortController();
  const source = await open(stop.signal);
  const reading = collect(source.read(2));
  stop.abort(new RangeError('stopped by a person'));
  await expect(reading).rejects.toThrow('stopped by a person');
});
