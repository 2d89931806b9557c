import type { Partition } from '@lifeboat/model';
import type { DiskRestorePlan } from '@lifeboat/restore';
import { formatBytes, formatTable } from './format.js';

/** The target before and after a restore, everything that would be erased, and every step with its reason. */
export function describePlan(plan: DiskRestorePlan): string {
  const { target } = plan;
  const before = plan.before.map(({ partition, fate }) => [...partitionCells(partition), fate]);
  const restored = new Set(plan.volumes.map((volume) => volume.diskOffsetBytes));
  const after = plan.source.partitions.map((partition) => [...partitionCells(partition), restored.has(partition.offsetBytes) ? 'restored' : plan.mode === 'keep-layout' ? 'as before' : 'empty']);
  return [
    `${plan.diskId} → ${target.path} (${target.identity}), ${plan.mode}`,
    `Before, ${target.exists ? formatBytes(target.sizeBytes) : 'nothing there yet'}:`,
    before.length === 0 ? '  no partitions' : formatTable(before),
    `After, ${formatBytes(plan.targetSizeBytes)}:`,
    after.length === 0 ? '  no partitions' : formatTable(after),
    plan.erased.length === 0 ? 'Nothing is erased.' : `Erased: ${plan.erased.map((partition) => `partition ${String(partition.number)} ${partition.name} (${formatBytes(partition.lengthBytes)})`).join(', ')}`,
    ...plan.steps.map((step) => `  ${step.action} ${step.subject} at ${String(step.offsetBytes)}+${String(step.lengthBytes)}: ${step.reason}`),
    ...plan.warnings.map((warning) => `warning: ${warning.message} (${warning.code})`),
    ...(plan.refusal ? [`Refused: ${plan.refusal.reason} (${plan.refusal.code})`, `  ${plan.refusal.remedy}`] : []),
  ].join('\n');
}

const partitionCells = (partition: Partition): string[] => [`  ${String(partition.number)}`, partition.name, formatBytes(partition.lengthBytes), `at ${formatBytes(partition.offsetBytes)}`];
