import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { loadAgentConfig } from '../config/agent-config.js';
import { runCli } from './program.js';

const launcher = join(process.cwd(), 'bin', 'lifeboat-agent.mjs');
const notStopping = new AbortController().signal;
let directory: ReturnType<typeof temporaryDirectory>;
let printed: { out: string; err: string };

beforeEach(() => {
  directory = temporaryDirectory();
  printed = { out: '', err: '' };
});
afterEach(() => { directory.remove(); });

/** Runs a command line in this process and catches what it prints. */
async function run(...args: string[]): Promise<number> {
  const streams = [['out', process.stdout], ['err', process.stderr]] as const;
  const originals = streams.map(([, stream]) => stream.write.bind(stream));
  for (const [name, stream] of streams) {
    stream.write = (text: string | Uint8Array) => {
      printed[name] += String(text);
      return true;
    };
  }
  try {
    return await runCli([...(args[0]?.startsWith('-') ? [] : ['--state', join(directory.path, 'state')]), ...args], notStopping);
  } finally {
    streams.forEach(([, stream], index) => { stream.write = originals[index] as typeof stream.write; });
  }
}

test.each([
  { args: ['start', 'backup'], exit: 5, err: 'NOT_ENROLLED' },
  { args: ['get', 'versions'], exit: 5, err: 'NOT_ENROLLED' },
  { args: ['run'], exit: 5, err: 'NOT_ENROLLED' },
  { args: ['start', 'sysrecovery', '--version', 'latest'], exit: 5, err: 'NOT_ENROLLED' },
  { args: ['start', 'sysrecovery'], exit: 64, err: '--version' },
  { args: ['start', 'recovery', '--version', 'latest', '--path', '/etc', '--to', '/tmp'], exit: 1, err: 'NOT_SUPPORTED_YET' },
  { args: ['start', 'bakup'], exit: 64, err: 'Did you mean backup?' },
  { args: ['enrol', '--server', 'http://127.0.0.1:1/'], exit: 64, err: '--token' },
  { args: ['enrol', '--server', 'nonsense', '--token', 't', '--disk', '/nowhere/disk.img'], exit: 1, err: 'BLOCK_PATH_MISSING' },
  { args: ['enrol', '--server', 'nonsense', '--token', 't', '--disk', '/tmp'], exit: 1, err: 'BLOCK_PATH_IS_DIRECTORY' },
  { args: ['enrol', '--server', 'http://127.0.0.1:1/', '--token', 't', '--disk', launcher], exit: 6, err: 'SERVER_UNREACHABLE' },
  { args: ['disable', 'backup', '--until', 'soon', '--reason', 'r'], exit: 64, err: 'not a duration' },
])('$args exits $exit and says $err', async ({ args, exit, err }) => {
  expect(await run(...args)).toBe(exit);
  expect(printed.err).toContain(err);
});

test('--version and --help answer on stdout', async () => {
  expect(await run('--version')).toBe(0);
  expect(printed.out).toMatch(/^lifeboat-agent \d+\.\d+\.\d+, protocols 1 to 1\n$/);
  expect(await run('--help')).toBe(0);
  expect(printed.out).toContain('enrol');
  expect(printed.out).not.toContain('  recovery');
});

test('with --json an error is an object on stdout, too', async () => {
  expect(await run('--json', '--state', join(directory.path, 'state'), 'start', 'backup')).toBe(5);
  expect(JSON.parse(printed.out)).toMatchObject({ v: 1, ok: false, code: 'NOT_ENROLLED', details: { stateDir: join(directory.path, 'state') } });
});

test('a pause is seen by status and ended by enable', async () => {
  expect(await run('disable', 'backup', '--until', '8h', '--reason', 'moving house', '--json')).toBe(0);
  printed.out = '';
  expect(await run('get', 'status', '--json')).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ enrolled: 'no', disabled: { reason: 'moving house' }, running: null });
  expect(await run('enable', 'backup')).toBe(0);
  printed.out = '';
  await run('get', 'status', '--json');
  expect(JSON.parse(printed.out)).toMatchObject({ disabled: null });
});

test('a bad environment names every bad key', () => {
  let failure: unknown;
  try {
    loadAgentConfig({ LIFEBOAT_UNREACHABLE_MAX: 'long', LIFEBOAT_LOG_LEVEL: 'loud' });
  } catch (error) {
    failure = error;
  }
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', details: { problems: [expect.stringContaining('LIFEBOAT_UNREACHABLE_MAX'), expect.stringContaining('LIFEBOAT_LOG_LEVEL')] } });
  expect(loadAgentConfig({ LIFEBOAT_STATE: '/s', LIFEBOAT_UNREACHABLE_MAX: '90s' })).toMatchObject({ stateDir: '/s', unreachableMaxMs: 90_000 });
});

describe('launcher', () => {
  /** A launcher whose program is `source`, beside a node_modules with this Node. */
  function install(source: string | null): string {
    const app = join(directory.path, 'app');
    mkdirSync(join(app, 'bin'), { recursive: true });
    mkdirSync(join(directory.path, 'node_modules', '.bin'), { recursive: true });
    cpSync(launcher, join(app, 'bin', 'agent.mjs'));
    symlinkSync(process.execPath, join(directory.path, 'node_modules', '.bin', 'node'));
    if (source !== null) {
      mkdirSync(join(app, 'dist'));
      writeFileSync(join(app, 'package.json'), '{"type":"module"}');
      writeFileSync(join(app, 'dist', 'main.js'), source);
    }
    return join(app, 'bin', 'agent.mjs');
  }

  /** Pretends to be an older Node, so that the launcher starts the one in node_modules. */
  const asOldNode = ['--import', 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})'];

  test('without a build it says what to do', () => {
    const { status, stderr } = spawnSync(process.execPath, [install(null)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'lifeboat-agent: the agent is not built yet; run `npm run build` first\n']);
  });

  test('passes arguments, output and exit code through the other Node', () => {
    const path = install('console.log(process.argv.slice(2).join("|"), String(process.version === process.env.REAL)); process.exitCode = 42;');
    const { status, stdout } = spawnSync(process.execPath, [...asOldNode, path, 'a b', '--c'], { encoding: 'utf8', env: { ...process.env, REAL: process.version } });
    expect([status, stdout]).toEqual([42, 'a b|--c true\n']);
  });

  test('when it is killed, the other Node does not stay behind', async () => {
    const path = install('process.on("disconnect", () => process.kill(process.pid, "SIGKILL")); process.channel.unref(); console.log(1); setInterval(() => {}, 1000);');
    const started = spawn(process.execPath, [...asOldNode, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<Buffer>((resolve) => started.stdout.once('data', resolve));
    const outputEnded = new Promise((resolve) => started.stdout.once('end', resolve));
    started.kill('SIGKILL');
    // The other Node holds the pipe, which ends only when that process does.
    await outputEnded;
  });
});
