import { truncate } from 'node:fs/promises';
import { openBlockWriter, type BlockWriter } from '@lifeboat/block-device';
import type { DiskRestorePlan } from '../plan/restore-plan.js';
import { RestoreRefused } from '../run/restore-errors.js';

/** A target opened for writing. `readsAsZeros`: it was made or emptied just now, so holes read as zeros. The caller closes the writer. */
export type OpenTarget = Readonly<{ writer: BlockWriter; readsAsZeros: boolean }>;

/**
 * Opens the target of a plan for writing: makes a new sparse file, empties an image that is made anew, or opens a device exclusively.
 *
 * @throws RestoreRefused when the plan carries a refusal: nothing was touched; and what `openBlockWriter` throws.
 */
export async function openRestoreTarget(plan: DiskRestorePlan): Promise<OpenTarget> {
  if (plan.refusal) throw new RestoreRefused(plan.refusal);
  const { path, kind } = plan.target;
  if (kind === 'new-image' && !plan.target.exists) return { writer: await openBlockWriter(path, { createSparse: { sizeBytes: plan.targetSizeBytes } }), readsAsZeros: true };
  if (kind === 'device' || plan.mode === 'keep-layout') return { writer: await openBlockWriter(path), readsAsZeros: false };
  // Opened first: a file that may not be written must not lose its content.
  const probe = await openBlockWriter(path);
  await probe.close();
  await truncate(path, 0);
  await truncate(path, plan.targetSizeBytes);
  return { writer: await openBlockWriter(path), readsAsZeros: true };
}
