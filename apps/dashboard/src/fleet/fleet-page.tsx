import { Button, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconSearch, IconX } from '@tabler/icons-react';
import type { Computer } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useRef } from 'react';
import { defaultPolicyQuery, fleetQuery } from '../api/queries.js';
import { wholeNumber } from '../format/bytes.js';
import { useNow } from '../format/use-now.js';
import { useLiveRoom } from '../live/use-live-room.js';
import { stateWords } from '../status/state-words.js';
import { Announcement } from '../ui/announcement.js';
import { Dialog } from '../ui/dialog.js';
import { EmptyPanel, ErrorPanel, SkeletonRows } from '../ui/panels.js';
import { useShortcut } from '../ui/shortcuts.js';
import { type FleetSort, arrangeFleet, countStates, coverageSentence, parseStates, toggleState } from './arrange-fleet.js';
import { EnrolSteps } from './enrol-steps.js';
import { FleetTable } from './fleet-table.js';
import classes from './fleet.module.css';
import { HeldEnrolments } from './held-enrolments.js';
import { StateTiles } from './state-tiles.js';
import { StoreAlertList } from './store-alert-list.js';
import { StoreLine } from './store-line.js';

/** Who is not safe right now? */
export function FleetPage() {
  useLiveRoom('fleet');
  const fleet = useQuery(fleetQuery);
  const [adding, { open, close }] = useDisclosure(false);
  return (
    <>
      <title>Fleet · Lifeboat</title>
      <div className={classes.head}>
        <h1>Fleet</h1>
        {fleet.data !== undefined && fleet.data.computers.length > 0 && (
          <Button variant="default" leftSection={<IconPlus size={16} stroke={1.5} aria-hidden="true" />} onClick={open}>
            Add a machine
          </Button>
        )}
      </div>
      <HeldEnrolments />
      <StoreAlertList />
      {fleet.isError && <ErrorPanel what="The list of machines could not be fetched" error={fleet.error} onRetry={() => void fleet.refetch()} lastGoodAtMs={fleet.data && fleet.dataUpdatedAt} />}
      {fleet.data === undefined ? !fleet.isError && <FleetSkeleton /> : <FleetList computers={fleet.data.computers} old={fleet.isError} />}
      <Dialog opened={adding} onClose={close} title="Add a machine" wide>
        <EnrolSteps />
      </Dialog>
    </>
  );
}

function FleetSkeleton() {
  return (
    <>
      <div className={classes.tiles} aria-hidden="true">
        {[0, 1, 2, 3, 4, 5].map((tile) => <div key={tile} className={classes.tileSkeleton} />)}
      </div>
      <SkeletonRows count={12} label="Loading machines" />
    </>
  );
}

const route = getRouteApi('/inside/fleet');
const rowsOnPage = 100;

function FleetList({ computers, old }: Readonly<{ computers: readonly Computer[]; old: boolean }>) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const policy = useQuery(defaultPolicyQuery);
  const states = useMemo(() => parseStates(search.state), [search.state]);
  const sort = search.sort ?? 'urgency';
  const rows = useMemo(() => arrangeFleet(computers, { q: search.q, states, sort }), [computers, search.q, states, sort]);
  const page = Math.min(search.page ?? 1, Math.max(1, Math.ceil(rows.length / rowsOnPage)));
  const visible = useMemo(() => rows.slice((page - 1) * rowsOnPage, page * rowsOnPage), [rows, page]);
  const change = (part: { q?: string | undefined; state?: string | undefined; sort?: FleetSort | undefined; page?: number | undefined }): void => {
    void navigate({ search: (before) => ({ ...before, page: undefined, ...part }), replace: true, resetScroll: false });
  };
  const sentence = coverageSentence(computers, now);
  const counts = countStates(computers);

  if (computers.length === 0) {
    return (
      <EmptyPanel title="No machine is enrolled yet">
        <EnrolSteps />
      </EmptyPanel>
    );
  }
  return (
    <div className={old ? classes.old : undefined}>
      <div className={classes.coverage}>
        <p>{sentence}</p>
        <StoreLine />
      </div>
      <Announcement text={`${sentence}. ${String(counts.at_risk)} at risk, ${String(counts.late)} late.`} />
      <StateTiles counts={counts} chosen={states} onToggle={(state) => { change({ state: toggleState(search.state, state) }); }} />
      <div className={classes.filters}>
        <FilterBox value={search.q ?? ''} onChange={(q) => { change({ q: q === '' ? undefined : q }); }} />
        {states.length > 0 && (
          <Button variant="default" rightSection={<IconX size={14} aria-hidden="true" />} onClick={() => { change({ state: undefined }); }}>
            <span className="unseen">Stop filtering by </span>
            {states.map((state) => stateWords[state]).join(', ')}
          </Button>
        )}
        <p className={classes.shown}>
          {rows.length === 0 ? 'No machine' : `Rows ${wholeNumber((page - 1) * rowsOnPage + 1)}–${wholeNumber((page - 1) * rowsOnPage + visible.length)} of ${wholeNumber(rows.length)}`}
        </p>
      </div>
      {rows.length === 0 ? (
        <EmptyPanel title="No machine matches this filter">
          <Button variant="default" onClick={() => { change({ q: undefined, state: undefined }); }}>
            Show all {wholeNumber(computers.length)} machines
          </Button>
        </EmptyPanel>
      ) : (
        <FleetTable rows={visible} viewKey={`${search.q ?? ''}|${search.state ?? ''}|${sort}|${String(page)}`} sort={sort} onSort={(next) => { change({ sort: next === 'urgency' ? undefined : next }); }} targetMs={policy.data?.policy.rpoTargetMs ?? 86_400_000} />
      )}
      {rows.length > rowsOnPage && (
        <nav className={classes.pager} aria-label="Pages of the list">
          <Button variant="default" disabled={page === 1} onClick={() => { change({ page: page - 1 }); }}>
            Previous {rowsOnPage}
          </Button>
          <Button variant="default" disabled={page * rowsOnPage >= rows.length} onClick={() => { change({ page: page + 1 }); }}>
            Next {rowsOnPage}
          </Button>
        </nav>
      )}
    </div>
  );
}

function FilterBox({ value, onChange }: Readonly<{ value: string; onChange: (value: string) => void }>) {
  const box = useRef<HTMLInputElement>(null);
  useShortcut('/', useCallback(() => box.current?.focus(), []));
  return (
    <TextInput
      ref={box}
      className={classes.filterBox}
      aria-label="Filter machines"
      placeholder="Filter machines  /"
      leftSection={<IconSearch size={16} stroke={1.5} aria-hidden="true" />}
      value={value}
      onChange={(event) => { onChange(event.currentTarget.value); }}
      onKeyDown={(event) => { if (event.key === 'Escape') onChange(''); }}
    />
  );
}
