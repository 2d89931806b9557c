// Makes a fresh clone ready: system packages, npm packages exactly as locked, and a build. Everything is skipped when it is up to date.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const bin = path.join(root, 'node_modules/.bin');

/** The environment in which every program runs: the pinned Node first, and nothing that phones home. */
export const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
  NX_NO_CLOUD: 'true', NX_DAEMON: 'false', NX_TUI: 'false', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1',
};

// Tools such as sfdisk stand outside an ordinary user's path.
process.env.PATH = env.PATH;

/** The pinned Node where npm has one for this platform, else the one that runs this script. */
export const node = fs.existsSync(path.join(bin, 'node')) ? path.join(bin, 'node') : process.execPath;

function changedAt(file) {
  return fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0;
}

function installNpmPackages() {
  if (changedAt(path.join(root, 'node_modules/.package-lock.json')) >= changedAt(path.join(root, 'package-lock.json'))) return;
  console.log('Installing npm packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, env });
}

export function prepare(purpose) {
  ensureSystemPackages(purpose);
  installNpmPackages();
  run('npx', ['nx', 'run-many', '-t', 'build', '--output-style=static', ...(purpose === 'tests' ? [] : ['--verbose=false'])], { cwd: root, env, ...(purpose === 'tests' ? {} : { stdio: ['ignore', 'ignore', 'inherit'] }) });
}
