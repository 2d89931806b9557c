#!/usr/bin/env node
// The `lifeboat` command, as it runs from a clone. Plain JavaScript for any Node from 20 on: the program itself needs Node 24, which npm installs
// with the other packages, so an older Node hands over to that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const nodeMajorMin = 24;
const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, '..', 'dist', 'main.js');

/** The Node that npm installed, in this folder's node_modules or one further up. */
function findInstalledNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}

function giveUp(message) {
  process.stderr.write(`lifeboat: ${message}\n`);
  process.exit(1);
}

/** Runs the program under another Node: same terminal, same signals, same exit code. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => giveUp(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  const node = findInstalledNode();
  if (node === null) giveUp(`this is Node ${process.versions.node}, but Node ${nodeMajorMin} is needed. Run \`npm ci\` in the clone, which installs it.`);
  else handOver(node);
} else if (!existsSync(program)) giveUp('the program is not built yet. Run `npm run build` in the clone.');
else await import(pathToFileURL(program).href);
