import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { GIB, MIB } from '@lifeboat/model';
import { makeStore, type StoreShape } from './make-store.js';

const shape: StoreShape = { machines: 4, pointsPerMachine: 250, volumeBytes: 512 * MIB, changedShare: 0.01 };
const command = resolve(import.meta.dirname, '../../../../apps/cli/bin/lifeboat.mjs');

const print = (line: string): void => { process.stdout.write(`${line}\n`); };

type Measured = Readonly<{ seconds: number; peakMib: number; code: number | null }>;

/**
 * Makes a store of 1,000 points, then deletes the database and the chunk index and measures what it takes to make both anew. The catalog before and after must answer
 * the same.
 */
export async function rebuild(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-bench-'));
  try {
    await makeStore(dataDir, shape);
    const storeBytes = await sizeOf(join(dataDir, 'store'));
    const first = await withServer(dataDir, catalogHash);
    await rm(join(dataDir, 'database'), { recursive: true });
    await rm(join(dataDir, 'store/index'), { recursive: true });
    const catalog = await measure([command, 'catalog', 'rebuild', '--data-dir', dataDir, '--json']);
    const again = await withServer(dataDir, catalogHash);
    await rm(join(dataDir, 'database'), { recursive: true });
    await rm(join(dataDir, 'store/index'), { recursive: true });
    const both = await withServer(dataDir, catalogHash);
    print(`store: ${String(shape.machines * shape.pointsPerMachine)} points of ${String(shape.machines)} machines, ${(storeBytes / GIB).toFixed(2)} GiB on disk`);
    print(`catalog rebuild: ${catalog.seconds.toFixed(1)} s, ${String(catalog.peakMib)} MiB at most, exit ${String(catalog.code)}`);
    print(`start with an existing database and index: ${first.startSeconds.toFixed(1)} s; start that makes both anew: ${both.startSeconds.toFixed(1)} s, ${String(both.peakMib)} MiB at most`);
    print(`catalog equal after rebuild: ${String(first.answer === again.answer)}; after a start without database and index: ${String(first.answer === both.answer)}`);
    if (first.answer !== again.answer || first.answer !== both.answer) process.exitCode = 1;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A digest of everything the catalog tells of computers and points, in a fixed order. */
async function catalogHash(url: string, token: string): Promise<string> {
  const ask = async (path: string): Promise<Record<string, unknown>> => (await (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json()) as Record<string, unknown>;
  const computers = ((await ask('/api/v1/computers'))['computers'] as { machineId: string }[]).sort((a, b) => a.machineId.localeCompare(b.machineId));
  const hash = createHash('sha256');
  for (const { machineId } of computers) {
    const versions = (await ask(`/api/v1/computers/${machineId}/versions`))['versions'] as Record<string, unknown>[];
    for (const { id, createdAt, kind, consistency, state, bytes } of versions.sort((a, b) => String(a['id']).localeCompare(String(b['id'])))) {
      const { used, changed, sent, stored } = bytes as Record<string, number>;
      hash.update(JSON.stringify([machineId, id, createdAt, kind, consistency, state, used, changed, sent, stored]));
    }
  }
  return hash.digest('hex');
}

async function withServer(dataDir: string, ask: (url: string, token: string) => Promise<string>): Promise<{ answer: string; startSeconds: number; peakMib: number }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const began = performance.now();
  const server = spawn(process.execPath, [command, 'server', 'start', '--data', dataDir, '--port', String(port)], { stdio: 'ignore' });
  const ended = new Promise((done) => server.once('exit', done));
  try {
    while (!(await fetch(`${url}/readyz`).then((response) => response.ok, () => false))) await wait(50);
    const startSeconds = (performance.now() - began) / 1000;
    const peakMib = await peakMibBelow(server.pid ?? 0);
    const { token } = JSON.parse(await readFile(join(dataDir, 'first-run.json'), 'utf8')) as { token: string };
    return { answer: await ask(url, token), startSeconds, peakMib };
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
}

/** Runs a command of this project to its end; the peak is that of its largest process. */
async function measure(args: readonly string[]): Promise<Measured> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakMib = 0;
  const timer = setInterval(() => { void peakMibBelow(child.pid ?? 0).then((mib) => { peakMib = Math.max(peakMib, mib); }); }, 50);
  const code = await new Promise<number | null>((done) => child.once('exit', done));
  clearInterval(timer);
  return { seconds: (performance.now() - began) / 1000, peakMib, code };
}

/** The largest VmHWM of a process and those below it, in MiB; 0 when it is gone. */
async function peakMibBelow(pid: number): Promise<number> {
  const text = async (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const own = Number(/VmHWM:\s+(\d+)/.exec(await text(`/proc/${String(pid)}/status`))?.[1] ?? 0);
  const children = (await text(`/proc/${String(pid)}/task/${String(pid)}/children`)).trim();
  const below = await Promise.all(children === '' ? [] : children.split(' ').map((child) => peakMibBelow(Number(child))));
  return Math.max(Math.round(own / 1024), ...below);
}

async function sizeOf(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  return total;
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => { done(typeof address === 'object' && address ? address.port : 0); });
    });
  });
}
