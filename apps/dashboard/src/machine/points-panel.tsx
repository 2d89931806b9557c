import { Button, SegmentedControl } from '@mantine/core';
import type { Version } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { versionsQuery } from '../api/queries.js';
import { useShortcut } from '../ui/shortcuts.js';
import { EmptyPanel, ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { ChainTimeline } from './chain-timeline.js';
import { DiskMaps } from './disk-map.js';
import { PointFacts } from './point-facts.js';
import { PointsTable } from './points-table.js';
import classes from './machine.module.css';
import type { TimelineRange } from './timeline-geometry.js';

const route = getRouteApi('/inside/machines/$machineId');

/** The restore points of a machine: over time, as a list, and what is inside the selected one. */
export function PointsPanel({ machineId, pending }: Readonly<{ machineId: string; pending: boolean }>) {
  const versions = useQuery(versionsQuery(machineId));
  if (versions.data === undefined) {
    return versions.isError ? (
      <ErrorPanel what="The restore points could not be fetched" error={versions.error} onRetry={() => void versions.refetch()} />
    ) : (
      <SkeletonRows count={5} height={48} label="Loading restore points" />
    );
  }
  if (versions.data.versions.length === 0) {
    return (
      <EmptyPanel title="No restore point yet">
        <p className={classes.muted}>{pending ? 'The first full backup makes one.' : 'Nothing of this machine could be restored now.'} It follows the schedule, or starts with “Back up now”.</p>
      </EmptyPanel>
    );
  }
  return (
    <>
      {versions.isError && <ErrorPanel what="The restore points could not be fetched again" error={versions.error} onRetry={() => void versions.refetch()} lastGoodAtMs={versions.dataUpdatedAt} />}
      <Points machineId={machineId} computer={versions.data.computer} points={versions.data.versions} />
    </>
  );
}

function Points({ machineId, computer, points }: Readonly<{ machineId: string; computer: string; points: readonly Version[] }>) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [asTable, setAsTable] = useState(false);
  const found = points.findIndex((point) => point.id === search.point);
  const selected = found === -1 ? points.length - 1 : found;
  const select = useCallback(
    (index: number): void => {
      const point = points[Math.min(points.length - 1, Math.max(0, index))];
      if (point !== undefined) void navigate({ search: (before) => ({ ...before, point: point.id }), replace: true, resetScroll: false });
    },
    [navigate, points],
  );
  useShortcut('[', useCallback(() => { select(selected - 1); }, [select, selected]));
  useShortcut(']', useCallback(() => { select(selected + 1); }, [select, selected]));
  const range: TimelineRange = search.range ?? '30d';
  const point = points[selected];
  if (point === undefined) return null;
  return (
    <>
      <div className={classes.chain}>
        <Section
          title="Restore points over time"
          aside={
            <div className={classes.buttons}>
              <SegmentedControl
                size="xs"
                aria-label="Time shown"
                data={[{ value: '7d', label: '7 d' }, { value: '30d', label: '30 d' }, { value: '1y', label: '1 y' }, { value: 'all', label: 'All' }]}
                value={range}
                onChange={(value) => void navigate({ search: (before) => ({ ...before, range: value }), replace: true, resetScroll: false })}
              />
              <Button size="xs" variant="default" aria-expanded={asTable} onClick={() => { setAsTable(!asTable); }}>
                {asTable ? 'Hide the table' : 'Show as table'}
              </Button>
            </div>
          }
        >
          <ChainTimeline points={points} selected={selected} onSelect={select} range={range} />
        </Section>
        <Section title="Selected point">
          <PointFacts point={point} newest={selected === points.length - 1} machineId={machineId} computer={computer} />
        </Section>
      </div>
      {asTable && (
        <Section title="Restore points">
          <PointsTable points={points} selectedId={point.id} onSelect={select} />
        </Section>
      )}
      <DiskMaps machineId={machineId} point={point} />
    </>
  );
}
