#!/usr/bin/env node
// Starts the agent under Node 24. Plain JavaScript that any Node 20 understands, because a clone may be started by the system's Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const nodeMajorMin = 24;
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', 'dist', 'main.js');

/** The newest Node that npm installed beside us, found in the node_modules of a parent directory. */
function findBundledNode() {
  for (let directory = here; dirname(directory) !== directory; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

function fail(message) {
  process.stderr.write(`lifeboat-agent: ${message}\n`);
  process.exit(1);
}

function startUnder(node) {
  // The channel ends when this process dies, however it dies; the agent then dies with it instead of running on unseen.
  const child = spawn(node, ['--no-warnings', main, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

if (!existsSync(main)) fail('the agent is not built yet; run `npm run build` first');
else if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) await import(pathToFileURL(main).href);
else {
  const node = findBundledNode();
  if (node === undefined) fail(`Node ${nodeMajorMin} is needed and node_modules holds none; run \`npm ci\` first`);
  else startUnder(node);
}
