import { benchmarkNbd } from './nbd/nbd-benchmark.js';
import { rebuild } from './rebuild/rebuild.js';

/** Benchmarks by name; each prints a table and judges nothing. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = { nbd: benchmarkNbd, rebuild };

const [name = ''] = process.argv.slice(2);
const benchmark = benchmarks[name];
if (benchmark) await benchmark();
else {
  process.stderr.write(`usage: main.js ${Object.keys(benchmarks).join('|')}\n`);
  process.exitCode = 64;
}
