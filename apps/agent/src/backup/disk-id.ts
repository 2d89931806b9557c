import { createHash } from 'node:crypto';
import { basename } from 'node:path';

const nameLengthMax = 64;

/** What a disk id is made from. */
export type DiskSource = Readonly<{ kind: 'device' | 'image'; path: string; serial: string | null }>;

/**
 * Ids of disks, stable from run to run: the serial where there is one, else the device's or file's name. Two that would be the same, and
 * names that had to be changed much, get a suffix from a hash of the path.
 */
export function diskIdsOf(disks: readonly DiskSource[]): string[] {
  const wanted = disks.map((disk) => {
    const name = disk.kind === 'image' ? basename(disk.path) : (disk.serial ?? basename(disk.path));
    const prefix = disk.kind === 'image' ? 'image' : disk.serial === null ? 'dev' : 'serial';
    return { disk, prefix, name, clean: sanitise(name) };
  });
  return wanted.map(({ disk, prefix, name, clean }, index) => {
    const isShared = wanted.some((other, at) => at !== index && other.prefix === prefix && other.clean === clean);
    const suffix = isShared || clean.toLowerCase() !== name.toLowerCase() ? `-${createHash('sha256').update(disk.path).digest('hex').slice(0, 8)}` : '';
    return `${prefix}-${clean}${suffix}`;
  });
}

/** Only what an id may hold: user text must not reach further than its label. */
function sanitise(name: string): string {
  const clean = name.toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, nameLengthMax);
  return clean === '' ? 'disk' : clean;
}
