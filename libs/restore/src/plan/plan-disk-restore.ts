import { assertInvariant, endOf, type DiskManifest, type RestorePointManifest, type VolumeManifest, type Warning } from '@lifeboat/model';
import { listVolumes, type NumberedVolume } from '../source/volume-source.js';
import { matchLayout, type LayoutMatch } from './match-layout.js';
import { neededEndBytes } from './needed-end.js';
import type { DiskRestoreOptions, DiskRestorePlan, PartitionFate, PlannedVolume, PlanRefusal, PlanStep, RestoreMode, TargetFacts } from './restore-plan.js';

export type DiskRestoreRequest = Readonly<{ manifest: RestorePointManifest; diskId: string; target: TargetFacts; options: DiskRestoreOptions }>;

type Situation = Readonly<{
  disk: DiskManifest; target: TargetFacts; options: DiskRestoreOptions; mode: RestoreMode; match: LayoutMatch | null; targetSizeBytes: number; numbered: readonly NumberedVolume[]; chosen: readonly NumberedVolume[]; rewriteTable: boolean;
}>;

/**
 * Decides how one disk of a restore point is put onto a target, and what that costs the target. Pure.
 *
 * A layout that matches is kept and only the chosen volumes are written. One that does not is never mixed: either everything on the target goes, with
 * leave (`recreate`), or the plan carries a refusal. The caller passes a `diskId` of the manifest.
 */
export function planDiskRestore(request: DiskRestoreRequest): DiskRestorePlan {
  const situation = assess(request);
  const { disk, target, mode, match, targetSizeBytes, rewriteTable } = situation;
  const volumes = placeVolumes(situation);
  const before = fatesOf(situation);
  return {
    diskId: request.diskId, mode, target, targetSizeBytes, source: disk.layout, volumes, rewriteTable, before,
    erased: before.filter((fate) => fate.fate !== 'kept').map((fate) => fate.partition),
    steps: listSteps(situation, volumes, before),
    warnings: warningsOf(situation, match),
    refusal: refusalOf(request, situation),
  };
}

function assess({ manifest, diskId, target, options }: DiskRestoreRequest): Situation {
  const numbered = listVolumes(manifest).filter((listed) => listed.disk.facts.diskId === diskId);
  const disk = numbered[0]?.disk;
  assertInvariant(disk !== undefined, 'the restore point has this disk, and the disk a volume', { diskId });
  const chosen = numbered.filter(({ volume }) => !options.volumes || options.volumes.includes(volume.volumeId));
  const image = target.kind === 'new-image' || (target.kind === 'image' && options.replaceImage === true);
  const match = target.layout && !image ? matchLayout(disk.layout, target.layout, chosen.map(({ volume }) => volume)) : null;
  const mode = image ? 'whole-image' : match?.matches && !options.recreate ? 'keep-layout' : 'recreate-layout';
  const targetSizeBytes = image ? disk.layout.sizeBytes : target.sizeBytes;
  const damaged = disk.layout.warnings.some((warning) => warning.code.startsWith('GPT_'));
  const rewriteTable = mode === 'recreate-layout' && disk.layout.table === 'gpt' && (targetSizeBytes !== disk.layout.sizeBytes || damaged);
  return { disk, target, options, mode, match, targetSizeBytes, numbered, chosen, rewriteTable };
}

/** The volumes to write, partitions first: tables and boot code come last, so that a broken restore does not look finished. */
function placeVolumes({ mode, targetSizeBytes, numbered, chosen }: Situation): PlannedVolume[] {
  // A layout is made of what lies outside its partitions, chosen or not; one that is kept is not touched.
  const all = numbered.filter((listed) => (listed.volume.role === 'outside-partitions' ? mode !== 'keep-layout' : chosen.includes(listed)));
  return all
    .map(({ number, volume }) => ({
      number, volumeId: volume.volumeId, role: volume.role, diskOffsetBytes: volume.offsetBytes,
      lengthBytes: volume.role === 'outside-partitions' ? Math.max(0, Math.min(volume.lengthBytes, targetSizeBytes - volume.offsetBytes)) : volume.lengthBytes,
    }))
    .filter((volume) => volume.lengthBytes > 0)
    .sort((left, right) => rank(left) - rank(right) || left.diskOffsetBytes - right.diskOffsetBytes);
}

const rank = (volume: PlannedVolume): number => (volume.role === 'outside-partitions' ? 1 : 0);

function fatesOf({ target, mode, chosen }: Situation): PartitionFate[] {
  const isChosen = (number: number): boolean => chosen.some(({ volume }) => volume.partitionNumber === number && volume.role === 'partition');
  return [...(target.layout?.partitions ?? [])]
    .sort((left, right) => left.offsetBytes - right.offsetBytes)
    .map((partition) => ({ partition, fate: mode !== 'keep-layout' ? 'erased' : isChosen(partition.number) ? 'overwritten' : 'kept' }));
}

function listSteps(situation: Situation, volumes: readonly PlannedVolume[], before: readonly PartitionFate[]): PlanStep[] {
  const { disk, mode, target, targetSizeBytes, chosen, rewriteTable } = situation;
  const steps: PlanStep[] = before.map(({ partition, fate }) => {
    const place = { subject: `partition ${String(partition.number)} of the target`, offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes };
    if (fate === 'kept') return { action: 'keep', ...place, reason: 'the layout matches and this partition was not chosen' };
    return { action: 'erase', ...place, reason: fate === 'overwritten' ? 'it is the place of a chosen volume' : 'the whole target is made anew' };
  });
  for (const volume of volumes) {
    const reason = volume.role === 'outside-partitions' ? `${mode === 'whole-image' ? 'an image' : 'a layout made anew'} needs tables, boot code and gaps` : 'chosen to be restored';
    steps.push({ action: 'write', subject: volume.volumeId, offsetBytes: volume.diskOffsetBytes, lengthBytes: volume.lengthBytes, reason });
  }
  if (mode !== 'keep-layout') {
    const left = disk.volumes.filter((volume) => volume.role === 'partition' && !chosen.some((listed) => listed.volume === volume));
    steps.push(...left.map((volume): PlanStep => ({ action: 'leave-empty', subject: volume.volumeId, offsetBytes: volume.offsetBytes, lengthBytes: volume.lengthBytes, reason: 'it is in the layout but was not chosen' })));
  }
  if (rewriteTable) {
    const reason = targetSizeBytes === disk.layout.sizeBytes ? 'a copy of the table was damaged on the source' : `the target is ${targetSizeBytes > disk.layout.sizeBytes ? 'larger' : 'smaller'} than the source, so the backup table moves to its end`;
    steps.push({ action: 'write-table', subject: target.path, offsetBytes: 0, lengthBytes: targetSizeBytes, reason });
  }
  return steps;
}

function warningsOf({ disk, mode, chosen }: Situation, match: LayoutMatch | null): Warning[] {
  const warnings: Warning[] = [...disk.layout.warnings];
  if (mode === 'keep-layout') warnings.push(...(match?.identityChanges ?? []).map((message) => ({ code: 'PARTITION_GUID_DIFFERS', message })));
  for (const { volume } of chosen) if (volume.state !== 'good') warnings.push({ code: 'VOLUME_NOT_GOOD', message: `${volume.volumeId} was marked ${volume.state} when it was backed up` });
  return warnings;
}

function refusalOf({ options, target }: DiskRestoreRequest, situation: Situation): PlanRefusal | null {
  const { disk, mode, match, targetSizeBytes, chosen } = situation;
  const missing = (options.volumes ?? []).filter((id) => !disk.volumes.some((volume: VolumeManifest) => volume.volumeId === id));
  if (missing.length > 0 || chosen.length === 0) return { code: 'VOLUME_NOT_IN_POINT', reason: `the restore point has no volume ${missing.join(', ')} on this disk`, remedy: 'Choose from `lifeboat get items`.' };
  if (target.usedBy.length > 0) return { code: 'TARGET_MOUNTED', reason: `the target is in use: ${target.usedBy.join('; ')}`, remedy: 'Unmount it, or choose another target.' };
  if (target.kind === 'device' && mode === 'recreate-layout' && target.logicalSectorBytes !== disk.layout.logicalSectorBytes) {
    return { code: 'SECTOR_SIZE_DIFFERS', reason: `sectors have ${String(disk.layout.logicalSectorBytes)} bytes on the source and ${String(target.logicalSectorBytes)} on the target`, remedy: 'Choose a target with the sector size of the source.' };
  }
  const neededBytes = mode === 'keep-layout' ? Math.max(...chosen.map(({ volume }) => endOf(volume))) : neededEndBytes(disk.layout);
  if (targetSizeBytes < Math.min(neededBytes, disk.layout.sizeBytes)) {
    const shortBytes = neededBytes - targetSizeBytes;
    return { code: 'TARGET_TOO_SMALL', reason: `the data ends at byte ${String(neededBytes)}, the target ${String(shortBytes)} bytes earlier`, remedy: 'Choose a larger target, or shrink the last partition at the source and back it up again.' };
  }
  if (mode === 'recreate-layout' && !options.recreate) {
    const differences = match?.differences ?? ['the layout of the target cannot be read'];
    return { code: 'LAYOUT_DIFFERS', reason: differences.join('; '), remedy: 'Add --recreate-disks to erase the target and make the layout of the source there.' };
  }
  return mode === 'whole-image' && target.kind === 'new-image' ? null : confirmationProblem(options, target);
}

function confirmationProblem({ confirmation }: DiskRestoreOptions, target: TargetFacts): PlanRefusal | null {
  if (confirmation === undefined || confirmation === target.identity) return null;
  const what = target.kind === 'device' ? 'serial' : 'file name';
  if (confirmation === null) return { code: 'TARGET_NOT_CONFIRMED', reason: `${target.path} holds something that would be overwritten`, remedy: `Confirm with the ${what} of the target, ${target.identity}.` };
  return { code: 'TARGET_SERIAL_MISMATCH', reason: `the confirmed ${what} is not that of ${target.path}`, remedy: `Check that this is the right target; its ${what} is ${target.identity}.` };
}
