import { ComputerName, Defect, EnrolmentRequestId, MachineFacts, MachineId, PublicKey } from '@lifeboat/model';
import { numberOf, numberOrNull } from '../database/stored-values.js';
import type { Enrolment, PrismaClient } from '../generated/client.js';
import { EnrolmentNotFound } from './enrolment-errors.js';
import type { EnrolmentRecord, EnrolmentRepository } from './enrolment-repository.js';

/** Enrolments whose name was taken, from the table `enrolment`. */
export class PrismaEnrolmentRepository implements EnrolmentRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async listHeld(): Promise<readonly EnrolmentRecord[]> {
    return (await this.prisma.enrolment.findMany({ where: { state: 'held' }, orderBy: { seq: 'asc' } })).map(recordOf);
  }

  async get(requestId: EnrolmentRequestId): Promise<EnrolmentRecord> {
    const row = await this.prisma.enrolment.findUnique({ where: { requestId } });
    if (!row) throw new EnrolmentNotFound(requestId);
    return recordOf(row);
  }

  async findByPublicKey(publicKey: PublicKey): Promise<EnrolmentRecord | undefined> {
    const row = await this.prisma.enrolment.findFirst({ where: { publicKey }, orderBy: { seq: 'desc' } });
    return row ? recordOf(row) : undefined;
  }
}

function recordOf(row: Enrolment): EnrolmentRecord {
  return {
    requestId: EnrolmentRequestId.parse(row.requestId),
    name: ComputerName.parse(row.name),
    publicKey: PublicKey.parse(row.publicKey),
    facts: MachineFacts.parse(JSON.parse(row.factsJson)),
    takenBy: MachineId.parse(row.takenBy),
    requestedAtMs: numberOf(row.requestedAtMs),
    state: stateOf(row.state),
    machineId: row.machineId === null ? null : MachineId.parse(row.machineId),
    resolvedAtMs: numberOrNull(row.resolvedAtMs),
  };
}

function stateOf(text: string): EnrolmentRecord['state'] {
  if (text === 'held' || text === 'continue' || text === 'separate' || text === 'reject') return text;
  throw new Defect('unknown enrolment state in the catalog', { details: { state: text } });
}
