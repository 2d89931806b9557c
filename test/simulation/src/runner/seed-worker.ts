import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import { runCase } from '../exhaustive/run-case.js';
import { runSeed, type SeedReport } from '../world/run-seed.js';

/** What a worker is asked: to run a block of worlds, or of exhaustive cases. */
export type WorkOrder = Readonly<{ kind: 'seeds' | 'cases'; from: number; count: number }>;
/** What it answers: sums over the block, and the first failure with its seed or case. */
export type WorkDone = Readonly<{ order: WorkOrder; totals: Totals; failure: Readonly<{ number: number; message: string }> | null }>;

/** Sums over many worlds. */
export type Totals = Readonly<Pick<SeedReport, 'crashes' | 'recoveries' | 'points' | 'operations'> & { worlds: number }>;

/** Nothing yet. */
export const noTotals: Totals = { crashes: 0, recoveries: 0, points: 0, operations: 0, worlds: 0 };

/** The sum of two. */
export function addTotals(one: Totals, other: Totals): Totals {
  return {
    crashes: one.crashes + other.crashes, recoveries: one.recoveries + other.recoveries, points: one.points + other.points, operations: one.operations + other.operations, worlds: one.worlds + other.worlds,
  };
}

/** Runs orders as they come and answers each; a rejection that nobody handles fails the world it happens in. */
export function serveOrders(port: MessagePort): void {
  let stray: unknown;
  process.on('unhandledRejection', (error) => { stray ??= error; });
  port.on('message', (order: WorkOrder) => {
    void runOrder(order, () => stray).then((done) => { port.postMessage(done); });
  });
}

async function runOrder(order: WorkOrder, strayRejection: () => unknown): Promise<WorkDone> {
  let totals = noTotals;
  for (let number = order.from; number < order.from + order.count; number += 1) {
    try {
      totals = addTotals(totals, { ...(order.kind === 'seeds' ? await runSeed(number) : await runCase(number)), worlds: 1 });
      if (strayRejection() !== undefined) throw strayRejection();
    } catch (error) {
      return { order, totals, failure: { number, message: inspect(error) } };
    }
  }
  return { order, totals, failure: null };
}
