import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { MIB, totalBytes } from '@lifeboat/model';
import { cpuSecondsOf, endProcess, firstLine, startNode } from '../support/processes.js';
import { describeMachine, formatTable, say } from '../support/table.js';
import { preparePoint, type PreparedPoint } from './prepare-point.js';
import { findData, placesIn, readAtRandom } from './read-at-random.js';

const dataBytes = 512 * MIB;
const readsPerRun = 4000;

/** Something that serves the disk: whose CPU time counts, and where it listens. */
type Candidate = Readonly<{ name: string; pids: readonly (number | undefined)[]; socketPath: string; uri: string; stop: () => Promise<void> }>;
type Row = string[];

/**
 * Random reads of 4 KiB and one sequential pass over the same disk: `qemu-nbd` on the raw file, the image over the data plane as `lifeboat serve nbd` offers
 * it (CPU of command and server together), and the image straight from the store as a drill worker reads it. Judges nothing.
 */
export async function benchmarkNbd(): Promise<void> {
  say(describeMachine());
  say(execFileSync('qemu-nbd', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '');
  const point = await preparePoint(dataBytes);
  const random: Row[] = [];
  const sequential: Row[] = [];
  try {
    for (const start of [startQemuNbd, startServeNbd, startStoreWorker]) {
      const candidate = await start(point);
      try {
        await measure(candidate, point, { random, sequential });
      } finally {
        await candidate.stop();
      }
    }
  } finally {
    await point.remove();
  }
  say(`\nRandom reads of 4 KiB over ${String(dataBytes / MIB)} MiB of data, ${String(readsPerRun)} a run; the page cache is warm in all rows.\n`);
  say(formatTable(['server', 'in flight', 'reads/s', 'median ms', '99 % ms', 'CPU-ms a read'], random));
  say('\nOne pass over the whole disk with `nbdcopy --connections=4 URI null:`.\n');
  say(formatTable(['server', 'seconds', 'MiB/s of data', 'CPU-s', 'CPU-s a GiB'], sequential));
}

async function measure(candidate: Candidate, point: PreparedPoint, rows: Readonly<{ random: Row[]; sequential: Row[] }>): Promise<void> {
  const data = await findData(candidate.socketPath, point.sizeBytes);
  // One read in flight is a disk that waits for each answer; sixteen are a busy guest.
  for (const [depth, seed] of [[1, 1], [16, 2]] as const) {
    const cpuBefore = cpuSecondsOf(candidate.pids);
    const { count, wallMs, medianMs, p99Ms } = await readAtRandom(candidate.socketPath, placesIn(data, readsPerRun, seed), depth);
    const cpuMs = ((cpuSecondsOf(candidate.pids) - cpuBefore) * 1000) / count;
    rows.random.push([candidate.name, String(depth), (count / (wallMs / 1000)).toFixed(0), medianMs.toFixed(2), p99Ms.toFixed(2), cpuMs.toFixed(2)]);
  }
  const cpuBefore = cpuSecondsOf(candidate.pids);
  const startedMs = performance.now();
  execFileSync('nbdcopy', ['--connections=4', candidate.uri, 'null:']);
  const wallS = (performance.now() - startedMs) / 1000;
  const cpuS = cpuSecondsOf(candidate.pids) - cpuBefore;
  const dataMib = totalBytes(data) / MIB;
  rows.sequential.push([candidate.name, wallS.toFixed(2), (dataMib / wallS).toFixed(0), cpuS.toFixed(2), (cpuS / (dataMib / 1024)).toFixed(2)]);
}

async function startQemuNbd(point: PreparedPoint): Promise<Candidate> {
  const socketPath = join(point.folder, 'qemu.sock');
  const child = spawn('qemu-nbd', ['--read-only', '--persistent', '--shared=8', '--format=raw', `--socket=${socketPath}`, point.rawPath], { stdio: 'ignore' });
  while (!existsSync(socketPath)) await pause(20);
  return { name: 'qemu-nbd, raw file', pids: [child.pid], socketPath, uri: `nbd+unix:///?socket=${socketPath}`, stop: () => endProcess(child) };
}

async function startServeNbd(point: PreparedPoint): Promise<Candidate> {
  const socketPath = join(point.folder, 'serve.sock');
  const child = startNode('lifeboat', ['serve', 'nbd', 'bench', '--disk', '0', '--socket', socketPath, '--json'], point.env);
  const { uri } = JSON.parse(await firstLine(child)) as { uri: string };
  return { name: 'lifeboat serve nbd', pids: [child.pid, point.server.pid], socketPath, uri, stop: () => endProcess(child, 'SIGINT') };
}

async function startStoreWorker(point: PreparedPoint): Promise<Candidate> {
  // A store has one owner at a time.
  await endProcess(point.server);
  const socketPath = join(point.folder, 'store.sock');
  const child: ChildProcess = startNode(new URL('serve-store.js', import.meta.url), [point.storePath, point.machineId, point.pointId, point.diskId, socketPath]);
  const uri = await firstLine(child);
  return { name: 'image from the store', pids: [child.pid], socketPath, uri, stop: () => endProcess(child) };
}
