import { Defect, LedgerEvent, type DrillId } from '@lifeboat/model';
import { numberOf, numberOrNull } from '../database/stored-values.js';
import type { Drill, PrismaClient } from '../generated/client.js';
import type { DrillQuery, DrillRecord, DrillRepository } from './drill-repository.js';

const listMax = 1000;

/** The drills, from the table `drill`. */
export class PrismaDrillRepository implements DrillRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async list({ limit, machineId, beforeSeq }: DrillQuery): Promise<readonly DrillRecord[]> {
    const where = { ...(machineId === undefined ? {} : { machineId }), ...(beforeSeq === undefined ? {} : { seq: { lt: BigInt(beforeSeq) } }) };
    return (await this.prisma.drill.findMany({ where, orderBy: { seq: 'desc' }, take: Math.min(limit, listMax) })).map(recordOf);
  }

  async find(drillId: DrillId): Promise<DrillRecord | undefined> {
    const row = await this.prisma.drill.findUnique({ where: { drillId } });
    return row ? recordOf(row) : undefined;
  }

  async newestOfEach(): Promise<readonly DrillRecord[]> {
    return (await this.prisma.drill.findMany({ distinct: ['machineId', 'level'], orderBy: { seq: 'desc' } })).map(recordOf);
  }
}

function recordOf(row: Drill): DrillRecord {
  const { seq, evidenceJson, startedAtMs, finishedAtMs, rtoMs, rpoMs, ...same } = row;
  const event = LedgerEvent.parse({
    type: 'drill.finished', ...same, startedAtMs: numberOf(startedAtMs), finishedAtMs: numberOf(finishedAtMs), rtoMs: numberOrNull(rtoMs), rpoMs: numberOrNull(rpoMs), evidence: JSON.parse(evidenceJson) as unknown,
  });
  if (event.type !== 'drill.finished') throw new Defect('a drill is stored as something else');
  const { drillId, machineId, pointId, level, verdict, step, code, detail, trigger, evidence } = event;
  return {
    seq: numberOf(seq), drillId, machineId, pointId, level, verdict, step, code, detail, trigger, evidence, startedAtMs: event.startedAtMs, finishedAtMs: event.finishedAtMs, rtoMs: event.rtoMs, rpoMs: event.rpoMs,
  };
}
