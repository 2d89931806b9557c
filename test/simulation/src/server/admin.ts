import { randomHex128, TokenId } from '@lifeboat/model';
import type { GcReport } from '@lifeboat/store';
import type { SimWorld } from '../world/sim-world.js';
import { ensure } from '../world/simulation-failed.js';
import { codeOfError, type ServerProcess } from './server-process.js';

/** What a server may answer an operator although its disk is good: it was told to stop, or closes. While a disk fails it may answer anything. */
const expected: ReadonlySet<string> = new Set(['STORE_CLOSED', 'AbortError']);

/** What happens on a server besides backups: operators write events and delete points, garbage is collected, packs are scrubbed, the catalog follows. Ends with the process. */
export async function runAdmin(world: SimWorld, server: ServerProcess): Promise<void> {
  const { chance, scheduler } = world;
  while (server.isAlive) {
    await scheduler.pauses(server, chance.between(5, 80));
    try {
      await act(world, server);
    } catch (error) {
      const code = codeOfError(error);
      // On a good disk nothing but the end of the process may stop an operator.
      const isTooEarly = code === 'GC_IMPLAUSIBLE' && world.model.points.size === 0;
      if (!expected.has(code) && !isTooEarly && !world.isDiskBad) throw error;
      world.trace.add(`admin: ${code}`);
      if (code === 'STORE_READ_ONLY') world.needsRestart();
    }
  }
}

async function act(world: SimWorld, server: ServerProcess): Promise<void> {
  const { chance, model, catalog, trace } = world;
  const { store, ingest } = server;
  switch (chance.below(8)) {
    case 0: {
      const record = await store.appendLedger({ type: 'enrolment-token.used', tokenId: TokenId.parse(randomHex128(chance)) });
      model.recorded(record);
      trace.add(`ledger ${String(record.seq)}`);
      return;
    }
    case 1:
      return catalog.catchUp(store);
    case 2: {
      const expired = await ingest.expireParked();
      trace.add(`expired ${String(expired.length)}`);
      return;
    }
    case 3:
    case 4:
      return purgeOne(world, server);
    case 5:
    case 6:
      await collectGarbage(world, server);
      return;
    default:
      return scrub(world, server);
  }
}

/** Deletes a point for good, whoever compares with it at the moment. */
async function purgeOne({ chance, model, trace }: SimWorld, { store }: ServerProcess): Promise<void> {
  const point = chance.pick(model.alive().filter(({ pointId }) => !model.purging.has(pointId)));
  if (!point) return;
  model.purging.add(point.pointId);
  await store.purgePoint(point.machineId, point.pointId);
  model.purged.add(point.pointId);
  trace.add(`purged ${point.pointId.slice(0, 6)}`);
}

/** Takes out garbage while everybody goes on; now and then it is ended in the middle. */
export async function collectGarbage({ chance, clock, scheduler, trace }: SimWorld, { store, ingest }: ServerProcess, all = false): Promise<GcReport> {
  const stop = new AbortController();
  if (!all && chance.oneIn(4)) void scheduler.pauses(null, chance.between(1, 60)).then(() => { stop.abort(); });
  const report = await store.collectGarbage({
    sessions: (visit) => ingest.visitRoots(visit), trustedNowMs: clock.trustedMs(), quarantineMs: all ? 0 : chance.pick([0, 0, 1000, 3_600_000] as const),
    compactBelowLiveRatio: all ? 1 : chance.pick([0.3, 0.6, 1] as const), signal: stop.signal,
  });
  trace.add(`gc ${String(report.epoch)}: uncommitted ${String(report.uncommittedPoints)} damaged ${String(report.keptDamagedPacks)} condemned ${String(report.condemnedPacks)} rewritten ${String(report.rewrittenPacks)} rescued ${String(report.rescuedPacks)} deleted ${String(report.deletedPacks)}`);
  return report;
}

/** Reads everything. Where the disk is good nothing may be called damaged. */
async function scrub(world: SimWorld, { store }: ServerProcess): Promise<void> {
  const report = await store.scrub({ deadlineMs: 1, nowMs: world.clock.nowMs(), packs: 'all' });
  world.trace.add(`scrub ${String(report.packsRead)} packs`);
  ensure(world.isDiskBad || (report.damagedPacks === 0 && report.lostChunks === 0), () => `a scrub of a good disk finds ${JSON.stringify(report)}`);
}
