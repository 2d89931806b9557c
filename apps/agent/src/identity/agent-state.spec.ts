import { spawn } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { takeAgentLock } from './agent-lock.js';
import { AgentState } from './agent-state.js';
import { isSignedBy } from './key-pair.js';

let directory: ReturnType<typeof temporaryDirectory>;
let stateDir: string;
beforeEach(() => {
  directory = temporaryDirectory();
  stateDir = join(directory.path, 'state');
});
afterEach(() => { directory.remove(); });

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('the key is made once, stays, and only its owner can read it', async () => {
  const state = await AgentState.open(stateDir);
  const key = await state.getOrCreateKey();
  expect(key.publicKey).toHaveLength(44);
  expect((await (await AgentState.open(stateDir)).getOrCreateKey()).publicKey).toBe(key.publicKey);
  expect([modeOf(stateDir), modeOf(join(stateDir, 'key.pem'))]).toEqual([0o700, 0o600]);
  const signature = key.sign('text');
  expect(isSignedBy(key.publicKey, 'text', signature)).toBe(true);
  expect(isSignedBy(key.publicKey, 'texT', signature)).toBe(false);
  expect(isSignedBy(key.publicKey, 'text', 'AAAA')).toBe(false);
});

test('an open directory is closed to others', async () => {
  await AgentState.open(stateDir);
  chmodSync(stateDir, 0o755);
  await AgentState.open(stateDir);
  expect(modeOf(stateDir)).toBe(0o700);
});

test.each([{ text: '{' }, { text: '{"v":1}' }, { text: '{"v":2,"untilMs":1,"reason":""}' }])('a damaged state file is named: $text', async ({ text }) => {
  const state = await AgentState.open(stateDir);
  writeFileSync(join(stateDir, 'pause.json'), text);
  await expect(state.pause.read()).rejects.toMatchObject({ code: 'AGENT_STATE_INVALID', details: { file: join(stateDir, 'pause.json') } });
});

test('one process at a time; the lock of a killed one is free', async () => {
  await AgentState.open(stateDir);
  const lock = await takeAgentLock(stateDir);
  await expect(takeAgentLock(join(stateDir, '..', 'state'))).rejects.toMatchObject({ code: 'AGENT_BUSY' });
  await lock.release();
  const { createHash } = await import('node:crypto');
  const name = `lifeboat-agent-${createHash('sha256').update(stateDir).digest('hex').slice(0, 32)}`;
  const other = spawn(process.execPath, ['-e', `require('net').createServer().listen('\\0${name}', () => console.log('held')); setInterval(() => {}, 1000)`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => other.stdout.once('data', resolve));
  await expect(takeAgentLock(stateDir)).rejects.toMatchObject({ code: 'AGENT_BUSY' });
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('close', resolve));
  await (await takeAgentLock(stateDir)).release();
});
