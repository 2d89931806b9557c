// `npm run demo`: from a bare clone to a running dashboard with two computers, four restore points and one restore compared byte for byte.
// The server and two agents stay behind in the background; `npm run demo -- --stop` ends them.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { liveOneDay, makeSampleDisk } from './demo/sample-disk.mjs';
import { env, node, prepare, root } from './setup/prepare.mjs';

const folder = path.join(root, '.lifeboat/demo');
const pidFile = path.join(folder, 'pids.json');
const port = Number(process.env.LIFEBOAT_PORT ?? 8420);
const url = `http://127.0.0.1:${port}`;
const steps = [];
const computers = [
  { name: 'WS-042', sizeMib: 700, efiMib: 64, swapMib: 64, fillMib: 250, label: 'ws-root' },
  { name: 'SRV-DB02', sizeMib: 500, efiMib: 64, swapMib: 32, fillMib: 150, label: 'srv-root' },
];

async function step(title, work) {
  process.stdout.write(`${title} … `);
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  steps.push({ title, seconds });
  console.log(`${seconds.toFixed(1)} s`);
  return result;
}

/** Runs one of the two commands with --json and gives back what it printed. */
async function lifeboat(command, args, extraEnv = {}) {
  const file = path.join(root, command === 'lifeboat' ? 'apps/cli/bin/lifeboat.mjs' : 'apps/agent/bin/lifeboat-agent.mjs');
  try {
    const { stdout } = await promisify(execFile)(node, [file, ...args], { env: { ...env, ...extraEnv }, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim().startsWith('{') ? JSON.parse(stdout) : stdout;
  } catch (error) {
    console.error(`\n${command} ${args.join(' ')} failed:\n${error.stderr ?? error.message}`);
    process.exit(1);
  }
}

function startInBackground(name, file, args) {
  const log = fs.openSync(path.join(folder, `${name}.log`), 'a');
  const child = spawn(node, [path.join(root, file), ...args], { env, detached: true, stdio: ['ignore', log, log] });
  child.unref();
  fs.closeSync(log);
  const pids = fs.existsSync(pidFile) ? JSON.parse(fs.readFileSync(pidFile, 'utf8')) : [];
  fs.writeFileSync(pidFile, JSON.stringify([...pids, child.pid]));
  return child;
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function stopEarlierDemo() {
  const pids = fs.existsSync(pidFile) ? JSON.parse(fs.readFileSync(pidFile, 'utf8')).reverse() : [];
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  for (let tries = 0; tries < 600 && pids.some(isAlive); tries += 1) await wait(100);
  fs.rmSync(pidFile, { force: true });
}

async function startServer() {
  const server = startInBackground('server', 'apps/cli/bin/lifeboat.mjs', ['server', 'start', '--data', path.join(folder, 'server'), '--port', String(port)]);
  for (let tries = 0; tries < 600; tries += 1) {
    if (server.exitCode !== null) break;
    const ready = await fetch(`${url}/readyz`).then((response) => response.ok, () => false);
    if (ready) return JSON.parse(fs.readFileSync(path.join(folder, 'server/first-run.json'), 'utf8')).token;
    await wait(100);
  }
  console.error(`\nThe server did not start:\n${fs.readFileSync(path.join(folder, 'server.log'), 'utf8')}`);
  process.exit(1);
}

const stateOf = (computer) => path.join(folder, `agent-${computer.name}`);
const diskOf = (computer) => path.join(folder, `${computer.name}.img`);
const agent = (computer, ...args) => lifeboat('lifeboat-agent', ['--state', stateOf(computer), ...args]);

async function run() {
  const started = performance.now();
  await step('Prepare: system packages, npm packages, build', () => Promise.resolve(prepare('demo')));
  await stopEarlierDemo();
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  await step('Make two sample computers (GPT, EFI, ext4, swap)', () => {
    for (const computer of computers) computer.rootAt = makeSampleDisk({ ...computer, file: diskOf(computer), workFolder: folder });
  });
  const token = await step('Start the server with its own database', startServer);
  const admin = { LIFEBOAT_URL: url, LIFEBOAT_TOKEN: token };
  await step('Enrol both computers', async () => {
    const enrolment = await lifeboat('lifeboat', ['enrol', 'token', 'create', '--uses', '2', '--json'], admin);
    for (const computer of computers) await agent(computer, 'enrol', '--server', url, '--token', enrolment.token, '--name', computer.name, '--disk', diskOf(computer));
  });
  for (const computer of computers) computer.first = await step(`First backup of ${computer.name}`, () => agent(computer, 'start', 'backup', '--json'));
  await step('Live one day on both computers', () => {
    for (const computer of computers) liveOneDay({ file: diskOf(computer), rootAt: computer.rootAt, workFolder: folder });
  });
  for (const computer of computers) computer.second = await step(`Next-day backup of ${computer.name}`, () => agent(computer, 'start', 'backup', '--json'));
  const [workstation] = computers;
  const restored = path.join(folder, 'restored.img');
  await step(`Restore ${workstation.name} to an image file`, () => lifeboat('lifeboat', ['start', 'recovery', workstation.name, '--version', 'latest', '--disk', '0', '--to', restored, '--json'], admin));
  await step('Compare it byte for byte with the computer’s disk', () => promisify(execFile)('cmp', [diskOf(workstation), restored]));
  fs.rmSync(restored);
  for (const computer of computers) startInBackground(`agent-${computer.name}`, 'apps/agent/bin/lifeboat-agent.mjs', ['--state', stateOf(computer), 'run']);
  report(token, (performance.now() - started) / 1000);
}

function report(token, totalSeconds) {
  const mib = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  console.log('\nComputer    Point     Used         Read         Changed      Sent         Stored');
  for (const computer of computers)
    for (const [title, point] of [['first', computer.first], ['next day', computer.second]])
      console.log([computer.name.padEnd(11), title.padEnd(9), ...['used', 'read', 'changed', 'sent', 'stored'].map((key) => mib(point.bytes[key]).padEnd(12))].join(' '));
  console.log(`\n2 computers, 4 restore points, 1 restore identical to its source. ${totalSeconds.toFixed(0)} s in all.`);
  for (const { title, seconds } of steps) console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${title}`);
  console.log(`\nDashboard:  ${url}\nSecret:     ${token}\nStop it:    npm run demo -- --stop`);
}

if (process.argv.includes('--stop')) await stopEarlierDemo();
else await run();
