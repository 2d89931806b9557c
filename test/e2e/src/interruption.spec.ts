import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';
import { serverKinds, type RealServers } from './support/real-servers.js';

const MIB = 1024 * 1024;
/** One group commit: what may be sent twice. */
const groupBytes = 16 * MIB;

/** Random bytes do not compress, so the store's growth tells how much was acknowledged. */
function fillWithNoise(disk: DiskImage, mib: number): void {
  disk.withMount((folder) => tool('dd', 'if=/dev/urandom', `of=${path.join(folder, 'noise.bin')}`, 'bs=1M', `count=${String(mib)}`, 'status=none'));
}

/** Bytes of the store. Packs are renamed while the server works, which `du` minds and we do not. */
function packBytes(lifeboat: Installation): number {
  return Number(tool('bash', '-c', `du -sb ${path.join(lifeboat.dataFolder, 'store')} 2>/dev/null || true`).split('\t')[0]);
}

async function waitForPackBytes(lifeboat: Installation, bytes: number, agent: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 1500 && agent.exitCode === null; tries += 1) {
    if (packBytes(lifeboat) >= bytes) return;
    await wait(20);
  }
  throw new Error(`the backup ended or stalled before ${String(bytes)} bytes were stored: exit ${String(agent.exitCode)}\n${lifeboat.serverLog}`);
}

const finished = (child: ChildProcess): Promise<number | null> => (child.exitCode !== null ? Promise.resolve(child.exitCode) : new Promise((resolve) => child.once('exit', resolve)));

describe.each(serverKinds)('a first backup that is interrupted, with $servers', ({ start }) => {
  let servers: RealServers | undefined;
  let lifeboat: Installation;
  const noiseMib = 400;

  beforeAll(async () => {
    servers = await start();
    lifeboat = await Installation.start(servers?.env);
  });
  afterAll(async () => {
    await lifeboat.remove();
    await servers?.stop();
  });

  test('by kill -9 of the agent goes on without sending again what was acknowledged', async () => {
    const disk = new DiskImage(path.join(lifeboat.folder, 'agent-killed.img'), 700);
    fillWithNoise(disk, noiseMib);
    await lifeboat.enrol('KILLED-AGENT', disk.file);
    const empty = packBytes(lifeboat);
    const agent = lifeboat.startAgent('KILLED-AGENT', 'start', 'backup', '--json');
    await waitForPackBytes(lifeboat, empty + 120 * MIB, agent);
    agent.kill('SIGKILL');
    await finished(agent);
    const kept = packBytes(lifeboat) - empty;
    const again = await lifeboat.agent('KILLED-AGENT', 'start', 'backup', '--json');
    expect({ code: again.code, stderr: again.code === 0 ? '' : again.stderr }).toEqual({ code: 0, stderr: '' });
    const { sent, changed } = again.json['bytes'] as Record<string, number>;
    expect(kept).toBeGreaterThan(100 * MIB);
    expect(sent).toBeLessThan((noiseMib + 40) * MIB - kept + 2 * groupBytes);
    expect(changed).toBeGreaterThan(0);
  });

  test('by kill -9 of the server goes on by itself when the server is back', async () => {
    const disk = new DiskImage(path.join(lifeboat.folder, 'server-killed.img'), 700);
    fillWithNoise(disk, noiseMib);
    await lifeboat.enrol('KILLED-SERVER', disk.file);
    const before = packBytes(lifeboat);
    const agent = lifeboat.startAgent('KILLED-SERVER', 'start', 'backup', '--json');
    let output = '';
    agent.stdout?.on('data', (text: Buffer) => (output += text.toString()));
    await waitForPackBytes(lifeboat, before + 120 * MIB, agent);
    await lifeboat.stopServer('SIGKILL');
    await lifeboat.startServer();
    expect(await finished(agent)).toBe(0);
    const { sent } = (JSON.parse(output) as { bytes: Record<string, number> }).bytes;
    // Everything crosses the wire once, and at most one window of unacknowledged frames twice.
    expect(sent).toBeLessThan((noiseMib + 40) * MIB + 2 * groupBytes);
    const restored = path.join(lifeboat.folder, 'restored.img');
    expect((await lifeboat.admin('start', 'recovery', 'KILLED-SERVER', '--version', 'latest', '--disk', '0', '--to', restored)).code).toBe(0);
    tool('cmp', disk.file, restored);
    fs.rmSync(restored);
  });

  test('leaves a store that checks clean', async () => {
    await lifeboat.stopServer();
    expect((await lifeboat.admin('store', 'fsck', '--data', '--data-dir', lifeboat.dataFolder)).code).toBe(0);
    await lifeboat.startServer();
  });
});
