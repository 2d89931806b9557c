import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, DeletionRequestRecord, RetentionPolicyRecord } from '@lifeboat/catalog';
import type { MachineId } from '@lifeboat/model';
import type { DeletionList, DeletionRequestView, RetentionView } from '@lifeboat/protocol';
import { retentionPresets } from '@lifeboat/retention';
import type { z } from 'zod';
import { CATALOG } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';
import { policiesInForce } from './policies-in-force.js';
import { RetentionRunsService } from './retention-runs.service.js';

const listedMax = 100;

/** Everything about retention but the plan, as people see it. */
@Injectable()
export class RetentionOverview {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(RetentionRunsService) private readonly runs: RetentionRunsService,
  ) {}

  async show(): Promise<RetentionView> {
    const { retention } = this.catalog;
    const [measured, computers, policies, history, tags, requests, anomalies, runs] = await Promise.all([
      this.space.measure(), this.catalog.computers.list(), retention.policies(), retention.policyHistory(listedMax), retention.tags(), retention.listRequests(listedMax), retention.openAnomalies(), retention.runs(listedMax),
    ]);
    const names = new Map(computers.map(({ machineId, name }) => [machineId, name]));
    const nameOf = (machineId: MachineId): string => names.get(machineId) ?? machineId;
    const inForce = policiesInForce({ computers, policies, tags });
    return {
      v: 1, settings: measured.settings, settingsSet: measured.settingsSet, pressure: measured.pressure, policies: policies.map(policyViewOf), history: history.map(policyViewOf),
      presets: retentionPresets.map(({ name, text, policy }) => ({ name, text, policy })),
      computers: [...inForce].map(([machineId, { policy, fields, tags: own }]) => ({ computer: nameOf(machineId), machineId, tags: [...own], policy, fields })),
      run: this.runs.view(), requests: requests.map((request) => requestViewOf(request, nameOf)),
      anomalies: anomalies.map(({ machineId, pointId, lastCleanPointId, kind, detail, raisedAtMs }) => ({ computer: nameOf(machineId), machineId, id: pointId, lastCleanId: lastCleanPointId, kind, detail, raisedAt: isoOf(raisedAtMs) })),
      runs: runs.map(({ planHash, round, prunedPoints, freedBytes, shortfallBytes, ranAtMs }) => ({ planHash, round, prunedPoints, freedBytes, shortfallBytes, ranAt: isoOf(ranAtMs) })),
    };
  }

  /** What was deleted since `sinceMs`. */
  async deletions(sinceMs: number): Promise<z.infer<typeof DeletionList>> {
    const nameOf = await this.names();
    const deletions = await this.catalog.retention.deletions(sinceMs);
    return {
      v: 1,
      deletions: deletions.map(({ machineId, pointId, by, reason, actor, planHash, condemnedAtMs, undeletedAtMs, purgedAtMs }) => ({
        computer: nameOf(machineId), machineId, id: pointId, by, reason, actor, planHash, deletedAt: isoOf(condemnedAtMs), undeletedAt: isoOrNull(undeletedAtMs), purgedAt: isoOrNull(purgedAtMs),
      })),
    };
  }

  /** Requests as people see them. */
  async requests(records: readonly DeletionRequestRecord[]): Promise<DeletionRequestView[]> {
    const nameOf = await this.names();
    return records.map((record) => requestViewOf(record, nameOf));
  }

  private async names(): Promise<(machineId: MachineId) => string> {
    const names = new Map((await this.catalog.computers.list()).map(({ machineId, name }) => [machineId, name]));
    return (machineId) => names.get(machineId) ?? machineId;
  }
}

function policyViewOf({ scope, policy, actor, setAtMs }: RetentionPolicyRecord): RetentionView['policies'][number] {
  return { scope, policy, actor, setAt: isoOf(setAtMs) };
}

function requestViewOf(record: DeletionRequestRecord, nameOf: (machineId: MachineId) => string): DeletionRequestView {
  const { requestId, state, points, reason, actor, requestedAtMs, executeAfterMs, decidedActor, decidedAtMs } = record;
  return {
    requestId, state, points: points.map(({ machineId, pointId }) => ({ computer: nameOf(machineId), machineId, id: pointId })), reason, actor, requestedAt: isoOf(requestedAtMs), executeAfter: isoOf(executeAfterMs),
    decidedBy: decidedActor, decidedAt: isoOrNull(decidedAtMs),
  };
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : isoOf(timeMs);
}
