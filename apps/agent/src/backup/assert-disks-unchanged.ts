import { DeviceShrank, readBlockGeometry, readDiskLayout } from '@lifeboat/block-device';
import { OperationalError } from '@lifeboat/model';
import { BackupRefused } from '../errors/backup-refused.js';
import type { InspectedDisk } from './inspected-disk.js';
import { readMountFacts } from './mount-facts.js';
import { planBackup } from './plan-backup.js';

/** The partition table was changed while the disk was read. */
export class LayoutChanged extends OperationalError {
  readonly code = 'LAYOUT_CHANGED';
  constructor(path: string) {
    super('the layout of the disk changed while it was read', { details: { path }, retry: 'later', remedy: 'Start the backup again when the partitioning is finished; nothing was committed.' });
  }
}

/**
 * What was read belongs together only if the disks stayed as they were: same size, same layout, nothing mounted for writing meanwhile.
 * @throws DeviceShrank (DEVICE_SHRANK), LayoutChanged (LAYOUT_CHANGED), BackupRefused (VOLUME_MOUNTED_READ_WRITE), SNAPSHOT_OVERFLOWED.
 */
export async function assertDisksUnchanged(disks: readonly InspectedDisk[], options: Readonly<{ allowInconsistent: boolean }>): Promise<void> {
  for (const disk of disks) {
    const { sizeBytes } = await readBlockGeometry(disk.facts.path);
    if (sizeBytes < disk.layout.sizeBytes) {
      throw new DeviceShrank({ path: disk.facts.path, offsetBytes: sizeBytes, openedSizeBytes: disk.layout.sizeBytes, currentSizeBytes: sizeBytes });
    }
    const layout = await readDiskLayout(disk.reader, { physicalSectorBytes: disk.layout.physicalSectorBytes });
    if (JSON.stringify(layout) !== JSON.stringify(disk.layout)) throw new LayoutChanged(disk.facts.path);
    await disk.snapshot?.assertValid();
    const mounts = disk.snapshot ? [] : await readMountFacts(disk.facts.path);
    const [first, ...others] = planBackup([{ ...disk, mounts }], options).refusals;
    if (first) throw new BackupRefused([first, ...others]);
  }
}
