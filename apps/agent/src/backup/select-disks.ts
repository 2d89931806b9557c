import { UsageInvalid } from '../errors/agent-errors.js';
import type { ChosenDisk } from './choose-disks.js';

/**
 * The disks named by id or path, in the order of the protected ones; all when none is named.
 * @throws UsageInvalid (USAGE_INVALID) a name that fits no protected disk.
 */
export function selectDisks(disks: readonly ChosenDisk[], only: readonly string[]): readonly ChosenDisk[] {
  if (only.length === 0) return disks;
  const unknown = only.find((name) => !disks.some((disk) => disk.path === name || disk.diskId === name));
  if (unknown !== undefined) throw new UsageInvalid(`no protected disk is called ${unknown}`, 'See `lifeboat-agent get disks`.');
  return disks.filter((disk) => only.includes(disk.path) || only.includes(disk.diskId));
}
