import { ComputerName, MachineFacts, MachineId, PublicKey } from '@lifeboat/model';
import { numberOf, numberOrNull, storableText } from '../database/stored-values.js';
import type { Computer, ComputerContact, Prisma, PrismaClient } from '../generated/client.js';
import { ComputerNameAmbiguous, ComputerNotFound } from './computer-errors.js';
import type { ComputerRecord, ComputerRepository } from './computer-repository.js';

/** People expect PC-2 before PC-10 and do not care for case. */
const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const candidatesMax = 20;

/** The enrolled machines, from the tables `computer` and `computer_contact`. */
export class PrismaComputerRepository implements ComputerRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async list(): Promise<readonly ComputerRecord[]> {
    const computers = await this.query({});
    return computers.sort((one, other) => byName.compare(one.name, other.name));
  }

  async get(machineId: MachineId): Promise<ComputerRecord> {
    const computer = await this.find(machineId);
    if (!computer) throw new ComputerNotFound(machineId);
    return computer;
  }

  async find(machineId: MachineId): Promise<ComputerRecord | undefined> {
    return (await this.query({ machineId }))[0];
  }

  async listByName(name: ComputerName): Promise<readonly ComputerRecord[]> {
    return this.query({ name });
  }

  async findByPublicKey(publicKey: PublicKey): Promise<ComputerRecord | undefined> {
    return (await this.query({ publicKey }))[0];
  }

  async findByNameOrId(text: string): Promise<ComputerRecord> {
    const id = MachineId.safeParse(text.toLowerCase());
    const byId = id.success ? await this.find(id.data) : undefined;
    if (byId) return byId;
    const name = ComputerName.safeParse(text);
    const named = name.success ? await this.listByName(name.data) : [];
    const [only, second] = named;
    if (!only) throw new ComputerNotFound(text);
    if (second) throw new ComputerNameAmbiguous({ name: only.name, machineIds: named.slice(0, candidatesMax).map((computer) => computer.machineId) });
    return only;
  }

  async touch(machineId: MachineId, atMs: number, agentVersion: string): Promise<void> {
    const lastSeenAtMs = BigInt(atMs);
    await this.prisma.$executeRaw`
      INSERT INTO computer_contact (machine_id, last_seen_at_ms, agent_version)
      SELECT machine_id, ${lastSeenAtMs}, ${storableText(agentVersion)} FROM computer WHERE machine_id = ${machineId}
      ON CONFLICT (machine_id) DO UPDATE SET last_seen_at_ms = excluded.last_seen_at_ms, agent_version = excluded.agent_version
      WHERE computer_contact.last_seen_at_ms <= excluded.last_seen_at_ms`;
  }

  /** Oldest enrolment first. */
  private async query(where: Prisma.ComputerWhereInput): Promise<ComputerRecord[]> {
    const rows = await this.prisma.computer.findMany({ where, orderBy: { enrolledSeq: 'asc' } });
    const only = rows.length === 1 ? { machineId: rows[0]?.machineId ?? '' } : {};
    const contacts = await this.prisma.computerContact.findMany({ where: only });
    const contactOf = new Map(contacts.map((contact) => [contact.machineId, contact]));
    return rows.map((row) => recordOf(row, contactOf.get(row.machineId)));
  }
}

function recordOf(row: Computer, contact: ComputerContact | undefined): ComputerRecord {
  const facts = MachineFacts.parse(JSON.parse(row.factsJson));
  return {
    machineId: MachineId.parse(row.machineId),
    name: ComputerName.parse(row.name),
    publicKey: PublicKey.parse(row.publicKey),
    facts: contact ? { ...facts, agentVersion: contact.agentVersion } : facts,
    enrolledAtMs: numberOf(row.enrolledAtMs),
    lastSeenAtMs: contact ? numberOf(contact.lastSeenAtMs) : null,
    points: row.points,
    newestGoodPointAtMs: numberOrNull(row.newestGoodPointAtMs),
    damagedPoints: row.damagedPoints,
    lastProof: row.proofLevel === null || row.proofAtMs === null ? null : { level: row.proofLevel, atMs: numberOf(row.proofAtMs) },
  };
}
