import type { DetectedDisk } from '@lifeboat/block-device';
import type { DiskFacts, RestorePointManifest } from '@lifeboat/model';
import { UsageInvalid } from '../errors/agent-errors.js';

/** A disk of a restore point and where it goes. */
export type DiskPair = Readonly<{ diskId: string; targetPath: string }>;

/**
 * Decides which disk of the point goes where. `SOURCE=TARGET` pairs name the source by id, path, last part
 * of the path, serial, or its number in the point from 0; without any pair each disk goes
 * back to where it came from: a device to the one with its serial, an image file to its path. Pure.
 *
 * @param volumes when given, disks without any of these volumes are left out unless a pair names them.
 * @throws UsageInvalid (USAGE_INVALID) a pair that fits nothing, or a disk whose place is not to be found.
 */
export function matchTargets(manifest: RestorePointManifest, request: Readonly<{ pairs: readonly string[]; volumes: readonly string[] }>, present: readonly DetectedDisk[]): DiskPair[] {
  if (request.pairs.length > 0) return rejectDuplicates(request.pairs.map((pair) => parsePair(manifest, pair)));
  const wanted = manifest.disks.filter((disk) => request.volumes.length === 0 || disk.volumes.some((volume) => request.volumes.includes(volume.volumeId)));
  if (wanted.length === 0) throw new UsageInvalid('no disk of this restore point has the chosen volumes', 'See the volumes with `lifeboat get items`.');
  return wanted.map(({ facts }) => ({ diskId: facts.diskId, targetPath: findOwnPlace(facts, present) }));
}

function parsePair(manifest: RestorePointManifest, pair: string): DiskPair {
  const at = pair.indexOf('=');
  const [source, targetPath] = [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
  if (source === '' || targetPath === '') throw new UsageInvalid(`--disk ${pair} is not SOURCE=TARGET`, 'Write --disk DISKID=/dev/sdb or --disk DISKID=/path/image.img.');
  const found = manifest.disks.find(({ facts }, number) => [facts.diskId, facts.path, facts.path.split('/').at(-1), facts.serial, String(number)].includes(source));
  if (!found) throw new UsageInvalid(`the restore point has no disk ${source}`, `It has ${manifest.disks.map(({ facts }) => facts.diskId).join(', ')}.`);
  return { diskId: found.facts.diskId, targetPath };
}

function rejectDuplicates(pairs: DiskPair[]): DiskPair[] {
  if (new Set(pairs.map((pair) => pair.diskId)).size !== pairs.length) throw new UsageInvalid('a disk of the restore point is named twice');
  if (new Set(pairs.map((pair) => pair.targetPath)).size !== pairs.length) throw new UsageInvalid('two disks cannot go to one target');
  return pairs;
}

function findOwnPlace(facts: DiskFacts, present: readonly DetectedDisk[]): string {
  if (facts.kind === 'image') return facts.path;
  const same = present.find((disk) => facts.serial !== null && disk.serial === facts.serial);
  if (!same) throw new UsageInvalid(`the disk ${facts.diskId} is not in this computer`, `Say where it goes: --disk ${facts.diskId}=/dev/….`);
  return same.path;
}
