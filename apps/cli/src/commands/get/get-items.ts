import type { DiskManifest, RestorePointManifest, VolumeManifest } from '@lifeboat/model';
import { ItemsView, restPaths } from '@lifeboat/protocol';
import { computerPart } from '../../api/find-computer.js';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, quoted, shortId } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';

/** Shows the disks of a restore point, their layout and volumes. */
export async function getItems({ api, printer }: CommandContext, computer: string, options: { version: string }): Promise<ExitCode> {
  const client = api();
  const parts = { computer: await computerPart(client, computer), version: options.version };
  const { manifest } = await client.ask({ method: 'GET', path: restPaths.items, parts }, ItemsView);
  printer.result(itemsOf(manifest), () => describe(manifest));
  printer.next(`lifeboat start recovery ${quoted(computer)} --version ${shortId(manifest.pointId)} --disk 0 --to FILE`);
  return exitCodes.ok;
}

/** The manifest without raw tables: what a person or a script chooses from. `number` is what `--disk` takes. */
function itemsOf(manifest: RestorePointManifest): Record<string, unknown> {
  const { pointId, computerName, createdAtMs, kind, consistency, state, bytes, os } = manifest;
  return {
    v: 1, computer: computerName, id: pointId, createdAt: new Date(createdAtMs).toISOString(), kind, consistency, state, bytes, os,
    disks: manifest.disks.map(({ facts, layout, volumes }, number) => {
      const { sizeBytes, logicalSectorBytes, physicalSectorBytes, table, tableId, partitions, warnings } = layout;
      return { number, ...facts, layout: { sizeBytes, logicalSectorBytes, physicalSectorBytes, table, tableId, partitions, warnings }, volumes };
    }),
  };
}

function describe(manifest: RestorePointManifest): string {
  const heading = `${manifest.computerName} at ${new Date(manifest.createdAtMs).toISOString()} · ${manifest.kind}, ${manifest.consistency}, ${manifest.state} · ${manifest.pointId}`;
  return [heading, ...manifest.disks.map(describeDisk)].join('\n\n');
}

function describeDisk(disk: DiskManifest, number: number): string {
  const { facts, layout, volumes } = disk;
  const what = [facts.diskId, facts.path, facts.model, facts.serial].filter((part) => part !== null).join(' · ');
  const heading = `Disk ${String(number)} · ${what} · ${formatBytes(layout.sizeBytes)} · ${layout.table === 'none' ? 'no partition table' : layout.table}`;
  const table = formatTable<VolumeManifest>(volumes, [
    { title: 'VOLUME', of: (volume) => volume.volumeId },
    { title: 'FILESYSTEM', of: (volume) => (volume.role === 'outside-partitions' ? 'tables and gaps' : volume.filesystem) },
    { title: 'LABEL', of: (volume) => volume.label ?? '' },
    { title: 'OFFSET', of: (volume) => String(volume.offsetBytes), right: true },
    { title: 'SIZE', of: (volume) => formatBytes(volume.lengthBytes), right: true },
    { title: 'DATA', of: (volume) => formatBytes(volume.counts.dataBytes), right: true },
    { title: 'STATE', of: (volume) => [volume.state, ...volume.warnings.map((warning) => warning.code)].join(' ') },
  ]);
  return `${heading}\n${table}`;
}
