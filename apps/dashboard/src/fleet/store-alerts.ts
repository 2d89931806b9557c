import { days } from '@lifeboat/model';
import type { DamageView, Pressure, RetentionView, StoreStatus } from '@lifeboat/protocol';
import type { z } from 'zod';
import { formatBytes, wholeNumber } from '../format/bytes.js';

/** Something about the store that somebody has to know or decide. `urgent` loses points or backups when nobody acts. */
export type StoreAlert = Readonly<{ key: string; urgent: boolean; text: string; action: string }>;

/** What the alerts are made from; what could not be fetched is undefined and says nothing. */
export type AlertFacts = Readonly<{ store: StoreStatus | undefined; retention: RetentionView | undefined; damage: z.infer<typeof DamageView> | undefined; nowMs: number }>;

const forecastWarnMs = days(14);
const pressureTexts: Readonly<Record<Exclude<Pressure, 'green'>, string>> = {
  yellow: 'room is getting tight, so points are thinned', orange: 'room is tight: what is deleted can be brought back for an hour only', red: 'no room is left: new backups wait',
};

/** Everything to tell, the urgent first. The store is named by mount point and device. */
export function storeAlerts({ store, retention, damage, nowMs }: AlertFacts): readonly StoreAlert[] {
  const alerts: StoreAlert[] = [];
  if (damage !== undefined && damage.ranges.length > 0) {
    const points = new Set(damage.ranges.map(({ pointId }) => pointId)).size;
    const machines = [...new Set(damage.ranges.map(({ computer }) => computer))].sort();
    alerts.push({ key: 'damage', urgent: true, text: `${wholeNumber(points)} ${points === 1 ? 'point' : 'points'} of ${machines.slice(0, 3).join(', ')}${machines.length > 3 ? ` and ${String(machines.length - 3)} more machines` : ''} cannot give back everything`, action: 'See the damage' });
  }
  if (store !== undefined) alerts.push(...roomAlerts(store, nowMs));
  for (const { computer, detail, machineId } of retention?.anomalies ?? []) alerts.push({ key: `anomaly ${machineId}`, urgent: true, text: `${computer} changed oddly: ${detail}. Nothing of it is pruned`, action: 'Look and clear' });
  const waiting = retention?.requests.filter(({ state }) => state === 'waiting').length ?? 0;
  if (waiting > 0) alerts.push({ key: 'requests', urgent: false, text: `${wholeNumber(waiting)} ${waiting === 1 ? 'deletion waits' : 'deletions wait'} for a second operator`, action: 'Decide' });
  return alerts.toSorted((a, b) => Number(b.urgent) - Number(a.urgent));
}

function roomAlerts(store: StoreStatus, nowMs: number): StoreAlert[] {
  const place = `Store ${store.mountPoint ?? store.path} (${store.device})`;
  const alerts: StoreAlert[] = [];
  const parked = store.parkedBackups ?? 0;
  if (store.pressure !== 'green') {
    const waiting = parked === 0 ? '' : `. ${wholeNumber(parked)} ${parked === 1 ? 'backup waits' : 'backups wait'} for room`;
    alerts.push({ key: 'pressure', urgent: store.pressure === 'red', text: `${place}: ${pressureTexts[store.pressure]}; ${formatBytes(store.freeBytes)} free${waiting}`, action: 'See what goes next' });
  }
  const shortfall = store.shortfallBytes ?? 0;
  if (shortfall > 0) alerts.push({ key: 'shortfall', urgent: true, text: `${place} is ${formatBytes(shortfall)} short: the guard rails leave nothing more to delete`, action: 'Make room' });
  const full = store.forecast?.fullAt ?? null;
  if (full !== null && Date.parse(full.p50) - nowMs < forecastWarnMs) {
    const left = Math.max(0, Math.floor((Date.parse(full.p50) - nowMs) / days(1)));
    alerts.push({ key: 'forecast', urgent: false, text: `${place} will be full in about ${left === 1 ? '1 day' : `${String(left)} days`} if it goes on like this`, action: 'See the forecast' });
  }
  for (const row of store.advice ?? []) if (row.severity === 'critical') alerts.push({ key: row.code, urgent: true, text: row.text.replace(/\.$/, ''), action: 'See the advice' });
  return alerts;
}
