import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runSeed } from './world/run-seed.js';

const timeoutMs = 1_500_000;
const script = fileURLToPath(new URL('../simulate.mjs', import.meta.url));
/** As in the shell; a run that fails rejects with what it printed, the command to replay it included. */
const simulate = async (...options: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [script, ...options], { env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 2 ** 26 })).stdout;

test('10,000 crashes lose nothing that was promised', async () => {
  const printed = await simulate('--crashes', '10000');
  expect(Number(/passed: (\d+) crashes/.exec(printed)?.[1])).toBeGreaterThanOrEqual(10_000);
}, timeoutMs);

// Three operations are 584 workloads and several minutes: `npm run test:simulation -- --exhaustive`, before a release.
test('every workload of up to two store operations survives a death before each file operation, however it dies', async () => {
  expect(await simulate('--exhaustive', '--steps', '2')).toMatch(/passed: \d{4,} crashes/);
}, timeoutMs);

test('a seed is the same world every time, down to the bytes it leaves', async () => {
  const hashes: string[] = [];
  for (const seed of [3, 4, 3, 4]) hashes.push((await runSeed(seed)).hash);
  expect(hashes.slice(2)).toEqual(hashes.slice(0, 2));
  expect(hashes[0]).not.toBe(hashes[1]);
}, timeoutMs);

test('a run that fails names the one command that shows it again', async () => {
  await expect(simulate('--crashes', '0')).rejects.toMatchObject({ code: 64 });
  await expect(simulate('--sed', '1')).rejects.toMatchObject({ code: 64 });
  expect(await simulate('--seed', '5')).toMatch(/crashes: \d+/);
}, timeoutMs);
