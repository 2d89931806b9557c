import { execFileSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GIB, MIB } from '@lifeboat/model';
import { endProcess, runLifeboat, startNode } from '../support/processes.js';

/** A server with one restore point of one disk, driven through the two commands, and the same disk as a raw file. */
export type PreparedPoint = Readonly<{
  folder: string; rawPath: string; sizeBytes: number; machineId: string; pointId: string; diskId: string; storePath: string;
  env: Readonly<Record<string, string>>; server: ChildProcess; remove: () => Promise<void>;
}>;

const sizeBytes = 2 * GIB;

/** Makes everything anew in a temporary folder: a 2 GiB disk with `dataBytes` of half-compressible data in scattered extents. */
export async function preparePoint(dataBytes: number): Promise<PreparedPoint> {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-bench-'));
  const diskPath = join(folder, 'disk.img');
  writeDisk(diskPath, dataBytes);
  const port = String(await freePort());
  const data = join(folder, 'server');
  const url = `http://127.0.0.1:${port}`;
  const server = startNode('lifeboat', ['server', 'start', '--data', data, '--port', port]);
  server.stdout?.resume();
  while (!(await fetch(`${url}/readyz`).then((response) => response.ok, () => false))) await pause(100);
  const { token } = JSON.parse(readFileSync(join(data, 'first-run.json'), 'utf8')) as { token: string };
  const env = { LIFEBOAT_URL: url, LIFEBOAT_TOKEN: token };
  const agent = ['--state', join(folder, 'agent')];
  const enrolment = runLifeboat('lifeboat', ['enrol', 'token', 'create'], env);
  runLifeboat('lifeboat-agent', [...agent, 'enrol', '--server', url, '--token', String(enrolment['token']), '--name', 'bench', '--disk', diskPath]);
  const { pointId } = runLifeboat('lifeboat-agent', [...agent, 'start', 'backup']);
  const rawPath = join(folder, 'raw.img');
  const { diskId } = runLifeboat('lifeboat', ['start', 'recovery', 'bench', '--disk', '0', '--to', rawPath], env);
  execFileSync('cmp', [diskPath, rawPath]);
  const { machineId } = runLifeboat('lifeboat', ['get', 'versions', 'bench'], env);
  return {
    folder, rawPath, sizeBytes, machineId: String(machineId), pointId: String(pointId), diskId: String(diskId), storePath: join(data, 'store'), env, server,
    remove: async () => {
      await endProcess(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Extents of 1 to 16 MiB with gaps between; every second 2 KiB is noise, the rest repeats, so that it compresses to about a half. */
function writeDisk(path: string, dataBytes: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, sizeBytes);
  const block = Buffer.alloc(MIB);
  let at = MIB;
  for (let written = 0, index = 0; written < dataBytes && at < sizeBytes - MIB; written += MIB, index += 1) {
    for (let place = 0; place < MIB; place += 4096) {
      block.fill(index & 0xff, place, place + 2048);
      for (let noise = place + 2048; noise < place + 4096; noise += 64) createHash('sha512').update(`${String(index)}:${String(noise)}`).digest().copy(block, noise);
    }
    writeSync(file, block, 0, MIB, at);
    at += index % 13 === 12 ? 4 * MIB : MIB;
  }
  closeSync(file);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
