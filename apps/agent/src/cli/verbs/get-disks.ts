import { listDisks, type DetectedChild } from '@lifeboat/block-device';
import { isLifeboatError, totalBytes } from '@lifeboat/model';
import { chooseDisks, type ChosenDisk } from '../../backup/choose-disks.js';
import { closeDisks, inspectDisks } from '../../backup/inspect-disks.js';
import type { InspectedDisk } from '../../backup/inspected-disk.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { AgentState } from '../../identity/agent-state.js';
import { formatBytes, formatTable } from '../format.js';
import type { Verb } from './verb-context.js';

/** Mount points without which the computer does not start. */
const criticalMounts = ['/', '/boot', '/boot/efi', '/usr'];

type DiskView = Readonly<{
  id: string; path: string; kind: string; model: string | null; serial: string | null; sizeBytes: number; included: boolean; role: 'critical' | 'data'; why: string;
  table: string | null; problem: Readonly<{ code: string; message: string }> | null; volumes: readonly VolumeView[];
}>;
type VolumeView = Readonly<{ id: string; fs: string; label: string | null; uuid: string | null; offsetBytes: number; lengthBytes: number; usedBytes: number; clean: boolean; mountPoints: readonly string[] }>;

/** `get disks`: the fixed disks and the protected image files with what is on them. */
export const getDisksVerb: Verb<object> = async (_options, { config, printer }) => {
  const state = await AgentState.open(config.stateDir);
  const identity = await state.identity.read();
  const fixed = await chooseDisks([]).catch(() => []);
  const chosen = identity && identity.disks.length > 0 ? await chooseDisks(identity.disks) : fixed;
  const critical = await findCriticalPaths();
  const all = [...chosen, ...fixed.filter((disk) => !chosen.some((other) => other.path === disk.path))];
  const disks: DiskView[] = [];
  for (const disk of all) disks.push(await viewDisk(disk, { included: chosen.includes(disk), why: critical.get(disk.path) ?? null }));
  printer.result({ v: 1, disks }, () => describe(disks));
  return exitCodes.ok;
};

async function findCriticalPaths(): Promise<ReadonlyMap<string, string>> {
  const disks = await listDisks().catch(() => []);
  const pointsOf = (child: DetectedChild): readonly string[] => [...child.mountPoints, ...child.children.flatMap(pointsOf)];
  const found = disks.map((disk) => [disk.path, [...disk.mountPoints, ...disk.children.flatMap(pointsOf)].filter((point) => criticalMounts.includes(point))] as const);
  return new Map(found.filter(([, points]) => points.length > 0).map(([path, points]) => [path, `holds ${points.join(', ')}`]));
}

async function viewDisk(disk: ChosenDisk, seen: Readonly<{ included: boolean; why: string | null }>): Promise<DiskView> {
  const { diskId: id, path, kind, model, serial, sizeBytes } = disk;
  const view = { id, path, kind, model, serial, sizeBytes, included: seen.included, role: seen.why === null ? 'data' : 'critical', why: seen.why ?? 'holds nothing the system starts from' } as const;
  try {
    const inspected = await inspectDisks([disk], []);
    await closeDisks(inspected);
    return { ...view, table: inspected[0]?.layout.table ?? null, problem: null, volumes: inspected.flatMap(viewVolumes) };
  } catch (error) {
    if (!isLifeboatError(error)) throw error;
    return { ...view, table: null, problem: { code: error.code, message: error.message }, volumes: [] };
  }
}

function viewVolumes(disk: InspectedDisk): VolumeView[] {
  return disk.volumes.map(({ volumeId, contents, offsetBytes, lengthBytes }) => ({
    id: volumeId, fs: contents.filesystem, label: contents.label, uuid: contents.uuid, offsetBytes, lengthBytes, usedBytes: totalBytes(contents.used), clean: contents.clean,
    mountPoints: disk.mounts.filter((mount) => mount.extent.offsetBytes < offsetBytes + lengthBytes && mount.extent.offsetBytes + mount.extent.lengthBytes > offsetBytes).map((mount) => mount.mountPoint),
  }));
}

function describe(disks: readonly DiskView[]): string {
  if (disks.length === 0) return 'No disks found.';
  return disks.map((disk) => {
    const heading = `${disk.id}  ${disk.path}  ${formatBytes(disk.sizeBytes)}  ${disk.table ?? '?'}  ${disk.included ? 'in the backup' : 'not in the backup'}  ${disk.role} (${disk.why})`;
    if (disk.problem) return `${heading}\n  ${disk.problem.message} (${disk.problem.code})`;
    const rows = disk.volumes.map((volume) => [`  ${volume.id}`, volume.fs, volume.label ?? '', formatBytes(volume.lengthBytes), formatBytes(volume.usedBytes), volume.clean ? 'clean' : 'not clean', volume.mountPoints.join(' ')]);
    return [heading, formatTable([['  VOLUME', 'FS', 'LABEL', 'SIZE', 'USED', 'STATE', 'MOUNTED'], ...rows])].join('\n');
  }).join('\n\n');
}
