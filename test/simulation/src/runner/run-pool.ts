import { Worker } from 'node:worker_threads';
import { addTotals, noTotals, type Totals, type WorkDone, type WorkOrder } from './seed-worker.js';

export type PoolRequest = Readonly<{
  kind: WorkOrder['kind']; from: number; workers: number;
  /** Tells whether another block is to be begun. */
  goesOn: (totals: Totals, next: number) => boolean;
  onProgress: (totals: Totals) => void;
}>;

/** What a pool has done; the failure is the one with the lowest number among those seen. */
export type PoolResult = Readonly<{ totals: Totals; failure: WorkDone['failure'] }>;

/** Worlds a worker runs before it reports. */
const blockSize = 8;

/** Runs blocks of worlds or cases on as many threads as asked for, until enough has happened or one fails. */
export async function runPool(request: PoolRequest): Promise<PoolResult> {
  let totals = noTotals;
  const failures: NonNullable<WorkDone['failure']>[] = [];
  let next = request.from;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL(import.meta.url), { execArgv: ['--enable-source-maps'] });
    try {
      while (failures.length === 0 && request.goesOn(totals, next)) {
        const order: WorkOrder = { kind: request.kind, from: next, count: blockSize };
        next += blockSize;
        const done = await ask(worker, order);
        totals = addTotals(totals, done.totals);
        if (done.failure) failures.push(done.failure);
        request.onProgress(totals);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: request.workers }, work));
  return { totals, failure: failures.sort((one, other) => one.number - other.number)[0] ?? null };
}

/** A thread ended without an answer, e.g. for lack of memory. */
class WorkerEnded extends Error {
  readonly code = 'WORKER_ENDED';
  constructor(exitCode: number) {
    super(`a thread ended with code ${String(exitCode)} before it answered`);
  }
}

function ask(worker: Worker, order: WorkOrder): Promise<WorkDone> {
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => { reject(new WorkerEnded(code)); };
    worker.once('error', reject);
    worker.once('exit', ended);
    worker.once('message', (done: WorkDone) => {
      worker.off('error', reject);
      worker.off('exit', ended);
      resolve(done);
    });
    worker.postMessage(order);
  });
}
