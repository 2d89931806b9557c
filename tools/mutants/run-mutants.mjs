// `npm run test:mutants [-- --only name,… --workers n --crashes n --quick]`: takes one safety measure after the other out of a copy of the code and shows which test notices.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { findFaults } from './check-mutants.mjs';
import { copyTree, edit } from './copy-tree.mjs';
import { mutants } from './mutants.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** A mutant that hangs a test is found by that test. */
const timeoutMs = 15 * 60_000;
const killedMin = 0.95;

const { values } = parseArgs({ options: { only: { type: 'string' }, workers: { type: 'string' }, crashes: { type: 'string' }, quick: { type: 'boolean' } } });
const crashes = values.crashes ?? '4000';
const chosen = values.only ? mutants.filter(({ name }) => values.only.split(',').includes(name)) : mutants;

const faults = findFaults(root, mutants);
if (faults.length > 0) {
  console.error(`The list of mutants does not match the code any more:\n  ${faults.join('\n  ')}`);
  process.exit(1);
}

/** Tests in the order in which they usually find a mutant; the first that fails ends it. */
function stagesOf({ file, specs, race }) {
  const simulate = (...options) => ({ command: process.execPath, args: ['test/simulation/simulate.mjs', '--workers', '1', ...options], cwd: '' });
  const lib = file.split('/').slice(0, 2).join('/');
  const jest = (cwd, names) => ({ name: names.join(' '), command: process.execPath, args: ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--bail', ...names], cwd });
  const stages = [
    { name: 'exhaustive cases', ...simulate('--exhaustive', '--steps', '1') },
    ...(race ? [jest('test/simulation', ['commit-race'])] : []),
    ...(specs ? [jest(lib, specs)] : []),
    { name: 'simulation', ...simulate('--crashes', '400') },
    { name: 'exhaustive cases', ...simulate('--exhaustive', '--steps', '2') },
    { name: 'simulation', ...simulate('--crashes', crashes, '--seed', '100001') },
  ];
  // The long runs at the end find the last few; a first look goes without them.
  return values.quick ? stages.slice(0, -2) : stages;
}

/** Whether a command succeeds; one that takes too long does not. */
function succeeds({ command, args, cwd }, tree) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: join(tree, cwd), stdio: 'ignore', detached: true, env: { ...process.env, NODE_OPTIONS: '' } });
    const timer = setTimeout(() => { process.kill(-child.pid, 'SIGKILL'); }, timeoutMs);
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

async function killerOf(mutant, tree) {
  const restore = edit(tree, mutant);
  try {
    for (const stage of stagesOf(mutant)) if (!(await succeeds(stage, tree))) return stage.name;
    return null;
  } finally {
    restore();
  }
}

/** What fails by itself kills every mutant; then the table would say nothing. */
async function assertTestsPass() {
  const tree = mkdtempSync(join(tmpdir(), 'lifeboat-mutants-'));
  try {
    copyTree(root, tree);
    for (const stage of stagesOf({ file: chosen[0].file })) if (!(await succeeds(stage, tree))) throw new Error(`without any mutant this fails: ${stage.args.join(' ')}`);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const results = new Map();
const queue = [...chosen];
async function work() {
  const tree = mkdtempSync(join(tmpdir(), 'lifeboat-mutants-'));
  try {
    copyTree(root, tree);
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const killer = await killerOf(mutant, tree);
      results.set(mutant.name, killer);
      console.log(`${(killer ? 'killed by' : mutant.equivalent ? 'equivalent' : 'SURVIVED').padEnd(11)} ${(killer ?? '').padEnd(34)} ${mutant.name}: ${mutant.why}`);
    }
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const workers = Number(values.workers ?? Math.min(availableParallelism(), chosen.length));
await assertTestsPass();
await Promise.all(Array.from({ length: workers }, work));
const counted = chosen.filter(({ equivalent, name }) => !equivalent || results.get(name) !== null);
const killed = counted.filter(({ name }) => results.get(name) !== null);
const score = killed.length / counted.length;
console.log(`\n${String(killed.length)} of ${String(counted.length)} killed (${(score * 100).toFixed(1)} %), ${String(chosen.length - counted.length)} equivalent`);
for (const { name, equivalent } of chosen) if (results.get(name) === null) console.log(`  ${name}: ${equivalent ?? 'NO TEST NOTICES'}`);
if (score < killedMin) process.exitCode = 1;
