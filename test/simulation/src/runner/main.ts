import { inspect } from 'node:util';
import { isMainThread, parentPort } from 'node:worker_threads';
import { caseCount, describeCase } from '../exhaustive/list-cases.js';
import { runSeed } from '../world/run-seed.js';
import { RunPrinter } from './print-run.js';
import { parseRunOptions, UsageInvalid, type RunOptions } from './run-options.js';
import { runPool } from './run-pool.js';
import { serveOrders } from './seed-worker.js';

const command = 'npm run test:simulation --';

async function runOne(seed: number, printer: RunPrinter): Promise<boolean> {
  process.on('unhandledRejection', (error) => {
    printer.line(inspect(error));
    process.exitCode = 1;
  });
  try {
    printer.line(inspect(await runSeed(seed, (line) => { printer.line(line); })));
    return true;
  } catch (error) {
    printer.failed({ number: seed, message: inspect(error) }, `${command} --seed ${String(seed)}`);
    return false;
  }
}

async function runMany(options: RunOptions & { kind: 'many' }, printer: RunPrinter): Promise<boolean> {
  const { totals, failure } = await runPool({
    kind: 'seeds', from: options.seed, workers: options.workers, goesOn: ({ crashes }) => crashes < options.crashes, onProgress: printer.progress,
  });
  if (failure) printer.failed(failure, `${command} --seed ${String(failure.number)}`);
  else printer.passed(totals);
  return failure === null;
}

async function runExhaustive({ workers, steps }: RunOptions & { kind: 'exhaustive' }, printer: RunPrinter): Promise<boolean> {
  const { totals, failure } = await runPool({ kind: 'cases', from: 0, workers, goesOn: (_, next) => next < caseCount(steps), onProgress: printer.progress });
  if (failure) printer.failed(failure, `${command} --exhaustive   (case ${String(failure.number)}: ${describeCase(failure.number)})`);
  else printer.passed(totals);
  return failure === null;
}

async function main(): Promise<void> {
  const printer = new RunPrinter();
  try {
    const options = parseRunOptions(process.argv.slice(2));
    const passed = options.kind === 'one' ? await runOne(options.seed, printer) : options.kind === 'many' ? await runMany(options, printer) : await runExhaustive(options, printer);
    if (!passed) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof UsageInvalid)) throw error;
    printer.line(error.message);
    process.exitCode = 64;
  }
}

if (isMainThread || !parentPort) await main();
else serveOrders(parentPort);
