import type { DiskManifest } from '@lifeboat/model';
import type { Version } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { itemsQuery } from '../api/queries.js';
import { exactBytes, formatBytes, formatPercent } from '../format/bytes.js';
import { Bytes, Moment } from '../ui/quantities.js';
import { ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { type DiskStretch, layoutDisk, partitionRole, stretchName, usedShare } from './disk-map-geometry.js';
import classes from './machine.module.css';
import table from '../ui/table.module.css';

type Disk = z.infer<typeof DiskManifest>;

/** The disks as the selected point holds them. */
export function DiskMaps({ machineId, point }: Readonly<{ machineId: string; point: Version }>) {
  const items = useQuery(itemsQuery(machineId, point.id));
  return (
    <Section title={<>Disks in the point of <Moment at={point.createdAt} /></>}>
      {items.isError && <ErrorPanel what="The disks of this point could not be fetched" error={items.error} onRetry={() => void items.refetch()} />}
      {items.data === undefined && !items.isError && <SkeletonRows count={2} height={64} label="Loading disks" />}
      {items.data?.manifest.disks.map((disk) => <DiskMap key={disk.facts.diskId} disk={disk} />)}
    </Section>
  );
}

function DiskMap({ disk }: Readonly<{ disk: Disk }>) {
  const stretches = layoutDisk(disk);
  const { facts, layout } = disk;
  const warnings = [...layout.warnings, ...disk.volumes.flatMap((volume) => volume.warnings)];
  return (
    <div className={classes.disk}>
      <p>
        <strong>{facts.path}</strong>{' '}
        <span className={classes.muted}>
          {[facts.model, facts.serial, facts.kind === 'image' ? 'image file' : null, layout.table === 'none' ? 'no partition table' : layout.table.toUpperCase()].filter((part) => part !== null && part !== '').join(' · ')} · <Bytes value={layout.sizeBytes} />
        </span>
      </p>
      <div className={classes.map} role="img" aria-label={`Layout of ${facts.path}: ${stretches.map((stretch) => `${stretchName(stretch)} ${formatBytes(stretch.lengthBytes)}`).join(', ')}`}>
        {stretches.map((stretch) => <Stretch key={stretch.offsetBytes} stretch={stretch} diskBytes={layout.sizeBytes} />)}
      </div>
      <table className={table.table} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {['Partition', 'For', 'Filesystem'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}
            {['Size', 'Data', 'Unreadable'].map((label) => <th key={label} role="columnheader" scope="col" data-numeric>{label}</th>)}
            <th role="columnheader" scope="col">In this point</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {stretches.filter((stretch) => stretch.kind !== 'gap').map((stretch) => <StretchRow key={stretch.offsetBytes} stretch={stretch} />)}
        </tbody>
      </table>
      {warnings.length > 0 && (
        <ul className={classes.warnings}>
          {warnings.map((warning, place) => <li key={place}>{warning.message} <code className={classes.muted}>{warning.code}</code></li>)}
        </ul>
      )}
    </div>
  );
}

function Stretch({ stretch, diskBytes }: Readonly<{ stretch: DiskStretch; diskBytes: number }>) {
  const used = usedShare(stretch);
  const name = stretchName(stretch);
  return (
    <div
      className={classes.stretch}
      data-kind={stretch.kind}
      data-missing={(stretch.kind !== 'gap' && stretch.volume === null) || undefined}
      style={{ flexGrow: stretch.lengthBytes / diskBytes }}
      title={`${name}, ${exactBytes(stretch.lengthBytes)}${used === null ? '' : `, ${formatPercent(used)} data`}`}
    >
      <span className={classes.stretchName}>{name}</span>
      <span className={classes.stretchNote}>{[stretch.volume?.filesystem === 'unknown' ? null : stretch.volume?.filesystem, formatBytes(stretch.lengthBytes)].filter((part) => part !== null && part !== undefined).join(' · ')}</span>
      {used !== null && <span className={classes.stretchUsed} style={{ width: `${String(used * 100)}%` }} />}
    </div>
  );
}

function StretchRow({ stretch }: Readonly<{ stretch: DiskStretch }>) {
  const { volume, partition } = stretch;
  return (
    <tr role="row">
      <th role="rowheader" scope="row">{partition === null ? stretchName(stretch) : `${String(partition.number)} · ${stretchName(stretch)}`}</th>
      <td role="cell" data-label="For">{partition === null ? '–' : partitionRole(partition)}</td>
      <td role="cell" data-label="Filesystem">{volume === null ? '–' : volume.filesystem === 'unknown' ? 'not known, every non-zero block' : volume.filesystem}</td>
      <td role="cell" data-label="Size" data-numeric><Bytes value={stretch.lengthBytes} /></td>
      <td role="cell" data-label="Data" data-numeric>{volume === null ? '–' : <Bytes value={volume.counts.dataBytes} />}</td>
      <td role="cell" data-label="Unreadable" data-numeric className={volume !== null && volume.counts.unreadableBytes > 0 ? classes.bad : undefined}>{volume === null ? '–' : <Bytes value={volume.counts.unreadableBytes} />}</td>
      <td role="cell" data-label="In this point" className={volume !== null && volume.state !== 'good' ? classes.bad : undefined}>{volume === null ? 'not backed up' : volume.state}</td>
    </tr>
  );
}
