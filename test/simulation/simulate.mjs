// `npm run test:simulation -- --crashes N [--seed S] [--workers n]`: bundles the TypeScript sources of the simulation and of the production code in it, and runs them.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, 'out-tsc', 'simulation', `main-${String(process.pid)}.mjs`);
await build({
  entryPoints: [join(here, 'src', 'runner', 'main.ts')], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node24', conditions: ['@lifeboat/source'],
  external: ['lmdb', 'hash-wasm', 'zod'], sourcemap: 'linked', logLevel: 'error',
});
const { status, signal } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const file of [outfile, `${outfile}.map`]) rmSync(file, { force: true });
if (signal) console.error(`the simulation was ended by ${signal}`);
process.exitCode = status ?? 1;
