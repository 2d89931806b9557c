import { DamageView, RetentionComparison, type RetentionSimulation, RetentionPlanView, RetentionView, StoreHistory, StoreUsageView, UpkeepView, restPaths } from '@lifeboat/protocol';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { getJson, sendJson } from './rest-client.js';

const calmMs = 30_000;
const busyMs = 2000;

/** Policies, tags, runs, requests and anomalies; asked for more often while a run is under way. */
export const retentionQuery = queryOptions({
  queryKey: ['retention'], queryFn: ({ signal }) => getJson(restPaths.retention, RetentionView, signal), refetchInterval: ({ state }) => (state.data?.run.state === 'running' ? busyMs : calmMs),
});

/** What retention would do now. */
export const retentionPlanQuery = queryOptions({ queryKey: ['retention', 'plan'], queryFn: ({ signal }) => getJson(restPaths.retentionPlan, RetentionPlanView, signal), refetchInterval: calmMs });

/** Garbage collection and scrub: how they stand and how they ended. */
export const upkeepQuery = queryOptions({
  queryKey: ['upkeep'], queryFn: ({ signal }) => getJson(restPaths.storeUpkeep, UpkeepView, signal),
  refetchInterval: ({ state }) => (state.data !== undefined && [state.data.gc, state.data.scrub].some((chore) => chore.state !== 'idle') ? busyMs : calmMs),
});

/** Everything that is known to be lost. */
export const damageQuery = queryOptions({ queryKey: ['damage'], queryFn: ({ signal }) => getJson(restPaths.storeDamage, DamageView, signal), refetchInterval: calmMs });

/** Whose the bytes of the store are. */
export const storeUsageQuery = queryOptions({ queryKey: ['store', 'usage'], queryFn: ({ signal }) => getJson(restPaths.storeUsage, StoreUsageView, signal), refetchInterval: calmMs });

/** How the store filled up within the last `days` days. */
export const storeHistoryQuery = (days: number) => queryOptions({ queryKey: ['store', 'history', days], queryFn: ({ signal }) => getJson(`${restPaths.storeHistory}?days=${String(days)}`, StoreHistory, signal), refetchInterval: 10 * calmMs });

/** What would go under a draft, beside what goes under what is in force. The answer before stays until the next is there; nothing is answered from memory. */
export const simulationQuery = (asked: RetentionSimulation) =>
  queryOptions({ queryKey: ['retention', 'simulation', asked], queryFn: () => simulateRetention(asked), placeholderData: keepPreviousData, staleTime: 0, gcTime: 60_000 });

/** One simulation, now. */
export const simulateRetention = (asked: RetentionSimulation) => sendJson({ method: 'POST', path: restPaths.retentionSimulation }, asked, RetentionComparison);
