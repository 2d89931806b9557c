import { listDisks } from '@lifeboat/block-device';
import type { RestorePointManifest } from '@lifeboat/model';
import {
  inspectTarget, openRemoteSource, openRestoreTarget, planDiskRestore, restoreDisk, RestoreRefused, type DiskRestorePlan, type RestoreProgress, type RestoreReport, type VolumeSource,
} from '@lifeboat/restore';
import type { RestoreOpened } from '@lifeboat/protocol';
import type { ControlChannel } from '../connection/control-connection.js';
import { matchTargets } from './match-targets.js';

export type SysrecoveryRequest = Readonly<{
  version: string; pairs: readonly string[]; volumes: readonly string[]; recreateDisks: boolean; dryRun: boolean;
  /** What was typed to confirm: serials of devices, names of image files. */
  confirmed: readonly string[];
}>;

export type SysrecoveryPorts = Readonly<{ control: ControlChannel; serverUrl: string; onProgress: (progress: RestoreProgress) => void; signal: AbortSignal }>;

/** The plans of all disks, and what carrying them out gave; no reports after a dry run. */
export type SysrecoveryOutcome = Readonly<{ manifest: RestorePointManifest; plans: readonly DiskRestorePlan[]; reports: readonly RestoreReport[] }>;

/**
 * Restores disks of one of this computer's restore points. All disks are planned before the first is written, so that a refusal of one leaves
 * every target as it was.
 *
 * @throws RestoreRefused (the refusal's code), UsageInvalid (USAGE_INVALID), ServerRefused (e.g. POINT_MISSING), what source and target throw.
 */
export async function runSysrecovery(request: SysrecoveryRequest, ports: SysrecoveryPorts): Promise<SysrecoveryOutcome> {
  const opened = await ports.control.request('restore.open', { version: request.version }, ports.signal);
  const plans = await planDisks(opened.manifest, request);
  if (request.dryRun) return { manifest: opened.manifest, plans, reports: [] };
  const refused = plans.find((plan) => plan.refusal !== null)?.refusal;
  if (refused) throw new RestoreRefused(refused);
  const source = await openSource(opened, ports);
  try {
    const reports: RestoreReport[] = [];
    for (const plan of plans) reports.push(await restoreOne(plan, source, ports));
    return { manifest: opened.manifest, plans, reports };
  } finally {
    await source.close();
  }
}

async function planDisks(manifest: RestorePointManifest, request: SysrecoveryRequest): Promise<DiskRestorePlan[]> {
  const needsInventory = request.pairs.length === 0 && manifest.disks.some((disk) => disk.facts.kind === 'device');
  const pairs = matchTargets(manifest, request, needsInventory ? await listDisks() : []);
  const plans: DiskRestorePlan[] = [];
  for (const { diskId, targetPath } of pairs) {
    const target = await inspectTarget(targetPath);
    const chosen = volumesOfDisk(manifest, diskId, request.volumes);
    const confirmation = request.confirmed.includes(target.identity) ? target.identity : (request.confirmed[0] ?? null);
    const options = { recreate: request.recreateDisks, ...(chosen === null ? {} : { volumes: chosen }), ...(request.dryRun && confirmation === null ? {} : { confirmation }) };
    plans.push(planDiskRestore({ manifest, diskId, target, options }));
  }
  return plans;
}

/** The chosen volumes of this disk; names that no disk has stay in, so that the plan refuses them. Null: all. */
function volumesOfDisk(manifest: RestorePointManifest, diskId: string, volumes: readonly string[]): string[] | null {
  if (volumes.length === 0) return null;
  const elsewhere = new Set(manifest.disks.filter((disk) => disk.facts.diskId !== diskId).flatMap((disk) => disk.volumes.map((volume) => volume.volumeId)));
  return volumes.filter((volume) => !elsewhere.has(volume));
}

function openSource(opened: RestoreOpened, { control, serverUrl, signal }: SysrecoveryPorts): Promise<VolumeSource> {
  const { pointId } = opened.manifest;
  return openRemoteSource({
    url: serverUrl, ticket: opened.ticket, creditBytes: opened.creditBytes, manifest: opened.manifest, signal,
    renewTicket: (renewSignal) => control.request('restore.open', { version: pointId }, renewSignal),
  });
}

async function restoreOne(plan: DiskRestorePlan, source: VolumeSource, ports: SysrecoveryPorts): Promise<RestoreReport> {
  const { writer, readsAsZeros } = await openRestoreTarget(plan);
  try {
    return await restoreDisk(plan, { source, writer, readsAsZeros, onProgress: ports.onProgress, signal: ports.signal });
  } finally {
    await writer.close();
  }
}
