// Builds what a benchmark needs and runs it under the Node that npm installed: `npx node test/bench/run.mjs nbd`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const inherit = { cwd: root, stdio: 'inherit' };
const built = spawnSync('npx', ['nx', 'run-many', '-t', 'build', '--projects=@lifeboat/bench,@lifeboat/cli,@lifeboat/agent,@lifeboat/server', '--output-style=static'], inherit);
if (built.status !== 0) process.exit(built.status ?? 1);
process.exit(spawnSync('npx', ['node', join(here, 'dist', 'main.js'), ...process.argv.slice(2)], inherit).status ?? 1);
