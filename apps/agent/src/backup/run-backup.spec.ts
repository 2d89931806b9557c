import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { RunStopped } from '../errors/agent-errors.js';
import { AgentState } from '../identity/agent-state.js';
import { makeSampleDisk, samplePartition } from '../testing/sample-disk.js';
import { ServerTwin } from '../testing/server-twin.js';
import type { BackupPorts } from './backup-ports.js';
import type { BackupReport } from './backup-report.js';
import { chooseDisks } from './choose-disks.js';
import { runBackup } from './run-backup.js';

const MIB = 1024 * 1024;
let directory: ReturnType<typeof temporaryDirectory>;
let image: string;
let twin: ServerTwin;
let state: AgentState;
let messages: string[];

beforeEach(async () => {
  directory = temporaryDirectory();
  image = makeSampleDisk(directory.path);
  twin = new ServerTwin();
  state = await AgentState.open(join(directory.path, 'state'));
  messages = [];
});
afterEach(() => { directory.remove(); });

const ports = (changes: Partial<BackupPorts> = {}): BackupPorts => ({
  control: twin.control, openDataSocket: twin.openDataSocket, state, clock: systemClock, random: systemRandom, snapshots: [], unreachableMaxMs: 5000, parkedMaxMs: 5000,
  onProgress: () => undefined, onMessage: (sentence) => { messages.push(sentence); }, ...changes,
});

async function backUp(options: { signal?: AbortSignal; allowInconsistent?: boolean; ports?: Partial<BackupPorts> } = {}): Promise<BackupReport> {
  return runBackup(
    { disks: await chooseDisks([image]), only: [], allowInconsistent: options.allowInconsistent ?? false, jobId: null, onJob: () => undefined, signal: options.signal ?? new AbortController().signal },
    ports(options.ports),
  );
}

/** Blocks of the ext4 partition that dumpe2fs calls used, as byte ranges of the partition. */
function usedByDumpe2fs(bytes: Uint8Array): [number, number][] {
  const path = join(directory.path, 'judge.img');
  const file = openSync(path, 'w');
  writeSync(file, bytes);
  closeSync(file);
  const text = execFileSync('/usr/sbin/dumpe2fs', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * MIB });
  const blockSize = Number(/^Block size:\s+(\d+)/m.exec(text)?.[1]);
  const blockCount = Number(/^Block count:\s+(\d+)/m.exec(text)?.[1]);
  const free = new Set<number>();
  for (const [, list] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const range of (list ?? '').split(', ').filter(Boolean)) {
      const [from = 0, to = from] = range.split('-').map(Number);
      for (let block = from; block <= to; block += 1) free.add(block);
    }
  }
  return Array.from({ length: blockCount }, (_, block) => block).filter((block) => !free.has(block)).map((block) => [block * blockSize, blockSize]);
}

function expectUsedBlocksEqual(point: number): void {
  const disk = readFileSync(image);
  const { offsetBytes, lengthBytes } = samplePartition(2);
  const source = disk.subarray(offsetBytes, offsetBytes + lengthBytes);
  const restored = twin.readVolume(point, 'image-disk.img/p2');
  const differing = usedByDumpe2fs(source).filter(([at, length]) => !source.subarray(at, at + length).equals(restored.subarray(at, at + length)));
  expect(differing).toEqual([]);
}

test('captures layout, filesystems and swap of a real disk; every used block is there', async () => {
  const report = await backUp();
  expect(report).toMatchObject({ v: 1, base: null, kind: 'full', consistency: 'offline' });
  expect(report.volumes.map(({ id, fs, warnings }) => [id, fs, warnings])).toEqual([
    ['image-disk.img/outside', 'unknown', []], ['image-disk.img/p1', 'fat32', []], ['image-disk.img/p2', 'ext4', []], ['image-disk.img/p3', 'swap', []],
  ]);
  expectUsedBlocksEqual(0);
  const disk = readFileSync(image);
  const esp = samplePartition(1);
  expect(Buffer.compare(twin.readVolume(0, 'image-disk.img/p1'), disk.subarray(esp.offsetBytes, esp.offsetBytes + esp.lengthBytes))).toBe(0);
  const outside = twin.readVolume(0, 'image-disk.img/outside');
  expect(Buffer.compare(outside.subarray(0, MIB), disk.subarray(0, MIB))).toBe(0);
  expect(Buffer.compare(outside.subarray(155 * MIB), disk.subarray(155 * MIB))).toBe(0);
  expect(outside.subarray(MIB, 155 * MIB).every((byte) => byte === 0)).toBe(true);
  const swap = samplePartition(3);
  expect(Buffer.compare(twin.readVolume(0, 'image-disk.img/p3').subarray(0, 4096), disk.subarray(swap.offsetBytes, swap.offsetBytes + 4096))).toBe(0);
});

test('the second run sends only what changed, and moves its base', async () => {
  const first = await backUp();
  const chunksBefore = twin.received.chunkBytes;
  const { offsetBytes } = samplePartition(2);
  execFileSync('/usr/sbin/debugfs', ['-w', '-R', 'write /etc/hostname new-file', `${image}?offset=${String(offsetBytes)}`], { stdio: 'ignore' });
  const second = await backUp();
  expect(second).toMatchObject({ kind: 'incremental', base: first.pointId });
  expect(second.bytes.read).toBe(first.bytes.read);
  expect(second.bytes.changed).toBe(twin.received.chunkBytes - chunksBefore);
  expect(second.bytes.changed).toBeGreaterThan(0);
  expect(second.bytes.changed).toBeLessThan(20 * 65_536);
  expect(second.bytes.sent).toBeLessThan(first.bytes.sent / 4);
  expectUsedBlocksEqual(1);
  const third = await backUp();
  expect(third).toMatchObject({ base: second.pointId, bytes: { changed: 0 } });
  expect(messages).toEqual([]);
});

test('fetches the base map from the server when its own copy is lost', async () => {
  await backUp();
  await rm(state.mapsDirectory, { recursive: true });
  expect(await backUp()).toMatchObject({ kind: 'incremental', bytes: { changed: 0 } });
  expect(messages.join()).toContain('fetching it from the server');
});

test('a dropped connection is resumed without sending anything durable again', async () => {
  twin.faults = { dropAfterFrames: 3 };
  await backUp();
  expect(twin.received.connections).toBe(2);
  expectUsedBlocksEqual(0);
});

test('a server that asks to come back later is waited for', async () => {
  twin.faults = { failAfterFrames: { frames: 2, frame: { code: 'STORE_FULL', message: 'the store is full', retry: 'later', retryAfterMs: 1 } } };
  await backUp();
  expect(twin.points).toHaveLength(1);
  expect(messages.join()).toContain('the store is full');
});

test('a server that gives up ends the run with its code, and nothing is committed', async () => {
  twin.faults = { failAfterFrames: { frames: 2, frame: { code: 'CHUNK_DIGEST_MISMATCH', message: 'bad', retry: 'never', retryAfterMs: 0 } } };
  await expect(backUp()).rejects.toMatchObject({ code: 'CHUNK_DIGEST_MISMATCH' });
  expect(twin.points).toEqual([]);
  expect(twin.events).toContain('session.abort');
});

test('blocks that the server lost while the run went on are sent once more, and the point is whole', async () => {
  await backUp();
  const first = [...([...twin.sessions.values()][0]?.volumes ?? []).entries()];
  const needs = first.flatMap(([volume, { entries }]) => entries.filter((entry) => entry.kind === 'data').slice(0, 2).map(({ offsetBytes, lengthBytes }) => ({ volume, offsetBytes, lengthBytes })));
  expect(needs.length).toBeGreaterThan(2);
  twin.faults.loseBeforeCommit = needs;
  await backUp();
  expect(twin.events.filter((event) => event === 'session.commit')).toHaveLength(3);
  expect(messages.join(' ')).toContain('once more');
  expectUsedBlocksEqual(1);
});

test('a stopped run is continued: what the server has is not sent again', async () => {
  const stop = new AbortController();
  const onProgress = (): void => { if (twin.received.chunkBytes > 0) stop.abort(new RunStopped(false)); };
  const counting = { ...ports(), openDataSocket: ((ticket, events) => twin.openDataSocket(ticket, { ...events, onFrame: (frame) => { onProgress(); events.onFrame(frame); } })) as BackupPorts['openDataSocket'] };
  await expect(backUp({ signal: stop.signal, ports: counting })).rejects.toMatchObject({ code: 'RUN_STOPPED' });
  const [parked] = twin.sessions.values();
  expect(parked?.state).toBe('receiving');
  const sentBefore = twin.received.chunkBytes;
  const report = await backUp();
  expect(messages.join()).toContain('Continuing');
  expect(twin.received.refBytes).toBeGreaterThan(0);
  const total = report.volumes.reduce((sum, volume) => sum + volume.bytes.used, 0);
  expect(twin.received.chunkBytes).toBeLessThan(sentBefore + total);
  expectUsedBlocksEqual(0);
  expect(await state.openSession.read()).toBeNull();
});

test('a disk that shrinks during the run fails it, and nothing is committed', async () => {
  const shrinking = { openDataSocket: ((ticket, events) => { truncateSync(image, 100 * MIB); return twin.openDataSocket(ticket, events); }) as BackupPorts['openDataSocket'] };
  await expect(backUp({ ports: shrinking })).rejects.toMatchObject({ code: 'DEVICE_SHRANK' });
  expect(twin.points).toEqual([]);
  expect(await state.openSession.read()).toBeNull();
});

test('a filesystem that needs recovery is refused, or taken whole as suspect', async () => {
  const { offsetBytes } = samplePartition(2);
  // s_feature_incompat of the superblock, bit INCOMPAT_RECOVER.
  const file = openSync(image, 'r+');
  const at = offsetBytes + 1024 + 0x60;
  const features = readFileSync(image).readUInt32LE(at);
  const changed = Buffer.alloc(4);
  changed.writeUInt32LE(features | 0x4);
  writeSync(file, changed, 0, 4, at);
  closeSync(file);
  await expect(backUp()).rejects.toMatchObject({ code: 'FS_NEEDS_RECOVERY', details: { volumes: ['image-disk.img/p2: FS_NEEDS_RECOVERY'] } });
  expect(twin.events).toEqual([]);
  const report = await backUp({ allowInconsistent: true });
  expect(report.consistency).toBe('crash');
  expect(twin.points[0]?.manifest.state).toBe('suspect');
  expect(Buffer.compare(twin.readVolume(0, 'image-disk.img/p2'), readFileSync(image).subarray(offsetBytes, offsetBytes + 100 * MIB))).toBe(0);
});
