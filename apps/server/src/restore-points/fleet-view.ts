import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, ComputerRecord } from '@lifeboat/catalog';
import { decideMachineState, type BackupPolicy, type Clock, type MachineId } from '@lifeboat/model';
import type { Computer } from '@lifeboat/protocol';
import { AgentConnections } from '../connections/agent-connections.js';
import { CATALOG, CLOCK } from '../platform/tokens.js';

/** The machines as lists show them: what the catalog knows, the state decided from it, and who is connected. */
@Injectable()
export class FleetView {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AgentConnections) private readonly connections: AgentConnections,
  ) {}

  /** All machines, by name. */
  async list(): Promise<readonly Computer[]> {
    const [records, policies] = await Promise.all([this.catalog.computers.list(), this.catalog.policies.effectiveOfAll()]);
    const views: Computer[] = [];
    for (const record of records) views.push(this.view(record, (policies.get(record.machineId) ?? (await this.catalog.policies.effective(record.machineId))).policy));
    return views;
  }

  /** One machine, by id or by a name that only it has. @throws ComputerNotFound, ComputerNameAmbiguous */
  async get(computer: string): Promise<Computer> {
    const record = await this.catalog.computers.findByNameOrId(computer);
    return this.view(record, (await this.catalog.policies.effective(record.machineId)).policy);
  }

  async find(machineId: MachineId): Promise<Computer | undefined> {
    const record = await this.catalog.computers.find(machineId);
    return record && this.view(record, (await this.catalog.policies.effective(machineId)).policy);
  }

  private view(record: ComputerRecord, policy: BackupPolicy): Computer {
    const { machineId, name, facts, points, lastProof } = record;
    const online = this.connections.isOnline(machineId);
    const nowMs = this.clock.nowMs();
    const lastSeenAtMs = online ? nowMs : record.lastSeenAtMs;
    const verdict = decideMachineState({ ...record, lastSeenAtMs, policy }, nowMs);
    return {
      machineId, name, state: verdict.state, reason: verdict.reason, lastPointAt: isoOrNull(record.newestGoodPointAtMs),
      lastProof: lastProof && { level: lastProof.level, at: new Date(lastProof.atMs).toISOString() }, online,
      lastSeenAt: isoOrNull(lastSeenAtMs), enrolledAt: new Date(record.enrolledAtMs).toISOString(), agentVersion: facts.agentVersion, points,
      platform: facts.platform, rpoTargetMs: policy.rpoTargetMs,
    };
  }
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
