import { useDebouncedCallback } from '@mantine/hooks';
import type { RetentionView, StoreStatus } from '@lifeboat/protocol';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { storeQuery } from '../api/queries.js';
import { retentionQuery, simulationQuery } from '../api/retention-queries.js';
import { useNow } from '../format/use-now.js';
import { RetentionRun } from '../storage/retention-run.js';
import { ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { ApplyPlan } from './apply-dialog.js';
import { PlanList } from './plan-list.js';
import { PolicyOverride } from './policy-override.js';
import { type SimulationSearch, choiceOf, settingsOf, simulationOf, whyNotApply } from './simulation-choice.js';
import { SimulationSliders } from './simulation-sliders.js';
import classes from './simulate.module.css';

const route = getRouteApi('/inside/storage/simulate');
const settleMs = 300;

/** What would go if room, time or a policy were another? The same reckoning as the real run; looking deletes nothing. */
export function SimulatePage() {
  const store = useQuery(storeQuery);
  const retention = useQuery(retentionQuery);
  const failed = store.isError ? store : retention.isError ? retention : null;
  return (
    <>
      <title>Simulate retention · Lifeboat</title>
      <Link to="/storage" className={classes.back}>‹ Storage</Link>
      <div className={classes.page}>
        <h1>Simulate retention</h1>
        {failed !== null && <ErrorPanel what="What is in force could not be fetched" error={failed.error} onRetry={() => { void store.refetch(); void retention.refetch(); }} lastGoodAtMs={failed.data && failed.dataUpdatedAt} />}
        {(store.data === undefined || retention.data === undefined) && failed === null && <SkeletonRows count={5} height={64} label="Loading what is in force" />}
        {store.data !== undefined && retention.data !== undefined && <Simulation store={store.data} view={retention.data} />}
      </div>
    </>
  );
}

function Simulation({ store, view }: Readonly<{ store: StoreStatus; view: RetentionView }>) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(600_000);
  const change = useCallback((part: SimulationSearch): void => { void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false }); }, [navigate]);
  // Sliders and form keep what was typed; once it is in force they begin anew.
  const [round, setRound] = useState(0);
  const settle = useDebouncedCallback(change, settleMs);
  const choice = choiceOf(search);
  const simulation = useQuery({
    ...simulationQuery(simulationOf(choice, { settings: view.settings, freeBytes: store.freeBytes, bytesPerDay: store.forecast?.bytesPerDay ?? null, nowMs: now })), placeholderData: keepPreviousData,
  });
  const plan = simulation.data?.plan;
  return (
    <>
      <p className={classes.muted}>Nothing is deleted by looking. What is shown is what a run would do: it makes the same plan from the same state.</p>
      <div className={classes.columns}>
        <Section key={round} title="What if">
          <SimulationSliders settings={view.settings} choice={choice} sizeBytes={store.sizeBytes} bytesPerDay={store.forecast?.bytesPerDay ?? null} onChange={settle} />
          <PolicyOverride view={view} search={search} onChange={settle} />
        </Section>
        <Section title="What goes, in this order">
          {simulation.isError && <ErrorPanel what="The simulation could not be made" error={simulation.error} onRetry={() => void simulation.refetch()} lastGoodAtMs={simulation.data && simulation.dataUpdatedAt} />}
          {simulation.data === undefined && !simulation.isError && <SkeletonRows count={6} label="Simulating" />}
          {simulation.data !== undefined && <PlanList compared={simulation.data} busy={simulation.isPlaceholderData} />}
        </Section>
      </div>
      {plan !== undefined && (
        <Section title="Apply">
          <ApplyPlan
            plan={plan} draft={{ policy: choice.draft, settings: settingsOf(choice, view.settings) }} whyNot={simulation.isPlaceholderData ? 'The simulation is under way.' : simulation.isError ? 'The simulation could not be made.' : whyNotApply(choice, plan, view.settings)}
            onApplied={(changed) => {
              if (changed) return;
              change({ floor: undefined, days: undefined, scope: undefined, rules: undefined });
              setRound(round + 1);
            }}
          />
          <RetentionRun run={view.run} />
        </Section>
      )}
    </>
  );
}
