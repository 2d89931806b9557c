import type { StoreStatus } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { storeQuery } from '../api/queries.js';
import { retentionQuery, storeHistoryQuery } from '../api/retention-queries.js';
import { Announcement } from '../ui/announcement.js';
import { ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { Anomalies } from './anomalies.js';
import { DeletionRequests } from './deletion-requests.js';
import { NextToGoPanel } from './next-to-go-panel.js';
import { RetentionRun } from './retention-run.js';
import { GrowthChart } from './room/growth-chart.js';
import { pressureSentences, pressureWords } from './room/pressure-words.js';
import { StoreBar } from './room/store-bar.js';
import { SpaceUsers } from './space-users.js';
import classes from './storage.module.css';
import { DamagePanel } from './upkeep/damage-panel.js';
import { UpkeepPanel } from './upkeep/upkeep-panel.js';

/** When does room get tight, what uses it, and what goes next and why? */
export function StoragePage() {
  const store = useQuery(storeQuery);
  return (
    <>
      <title>Storage · Lifeboat</title>
      <div className={classes.head}>
        <h1>Storage &amp; retention</h1>
        <Link to="/storage/simulate">Simulate a change…</Link>
      </div>
      <div className={classes.page}>
        {store.isError && <ErrorPanel what="The state of the store could not be fetched" error={store.error} onRetry={() => void store.refetch()} lastGoodAtMs={store.data && store.dataUpdatedAt} />}
        {store.data === undefined && !store.isError && <SkeletonRows count={4} height={64} label="Loading the store" />}
        {store.data !== undefined && (
          <>
            <Announcement text={`Store ${pressureWords[store.data.pressure]}. ${pressureSentences[store.data.pressure]}`} />
            <Section title="Room"><StoreBar store={store.data} /></Section>
          </>
        )}
        <NextToGoPanel reclaimableBytes={store.data?.reclaimableBytes ?? 0} />
        <div className={classes.columns}>
          {store.data !== undefined && <Growth store={store.data} />}
          <SpaceUsers />
        </div>
        {store.data !== undefined && <Advice advice={store.data.advice ?? []} />}
        <Decisions />
        <div className={classes.columns}>
          <UpkeepPanel />
          <DamagePanel />
        </div>
      </div>
    </>
  );
}

const historyDays = 180;

function Growth({ store }: Readonly<{ store: StoreStatus }>) {
  const history = useQuery(storeHistoryQuery(historyDays));
  return (
    <Section title="Growth and forecast">
      {history.isError && <ErrorPanel what="The history of the store could not be fetched" error={history.error} onRetry={() => void history.refetch()} lastGoodAtMs={history.data && history.dataUpdatedAt} />}
      {history.data === undefined && !history.isError && <SkeletonRows count={4} label="Loading the history" />}
      {history.data !== undefined && <GrowthChart store={store} samples={history.data.samples} />}
    </Section>
  );
}

const severityWords = { critical: 'Act now', warning: 'Should change', hint: 'Good to know' } as const;

function Advice({ advice }: Readonly<{ advice: NonNullable<StoreStatus['advice']> }>) {
  return (
    <Section title="The place of the store">
      {advice.length === 0 ? <p className={classes.muted}>Nothing to advise: the store lies well where it lies.</p> : (
        <ul className={classes.list}>
          {advice.map((row) => (
            <li key={row.code}>
              <p className={classes.advice} data-severity={row.severity}><strong>{severityWords[row.severity]}.</strong> {row.text} <code className={classes.muted}>{row.code}</code></p>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Decisions() {
  const retention = useQuery(retentionQuery);
  return (
    <>
      {retention.isError && <ErrorPanel what="The state of retention could not be fetched" error={retention.error} onRetry={() => void retention.refetch()} lastGoodAtMs={retention.data && retention.dataUpdatedAt} />}
      {retention.data === undefined && !retention.isError && <SkeletonRows count={3} height={64} label="Loading retention" />}
      {retention.data !== undefined && (
        <>
          <Section title="Retention" aside={<Link to="/policies">Policies</Link>}><RetentionRun run={retention.data.run} /></Section>
          <div className={classes.columns}>
            <DeletionRequests requests={retention.data.requests} />
            <Anomalies anomalies={retention.data.anomalies} />
          </div>
        </>
      )}
    </>
  );
}
