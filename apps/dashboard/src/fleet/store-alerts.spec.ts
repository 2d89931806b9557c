import { GIB, days, defaultStoreSettings } from '@lifeboat/model';
import { DamageView, RetentionView, StoreStatus } from '@lifeboat/protocol';
import { storeAlerts } from './store-alerts.js';

const now = Date.parse('2026-11-20T12:00:00Z');
const store = (facts: Partial<StoreStatus> = {}): StoreStatus => ({
  ...StoreStatus.parse({
    v: 1, storeId: 'e'.repeat(32), path: '/srv/lifeboat', device: '/dev/md0', mountPoint: '/srv', sizeBytes: 40 * GIB, freeBytes: 3 * GIB, liveBytes: 0, reclaimableBytes: 0, logicalBytes: 0, dedupRatio: null, compressionRatio: null,
    watermarks: null, pressure: 'green', forecast: null, chunks: 0, packs: 0,
  }),
  ...facts,
});
const retention = (facts: Partial<RetentionView> = {}): RetentionView => ({
  ...RetentionView.parse({
    v: 1, settings: defaultStoreSettings, settingsSet: false, pressure: 'green', policies: [], history: [], presets: [], computers: [], requests: [], anomalies: [], runs: [], run: { state: 'idle', trigger: null, phase: null, round: null, startedAt: null, last: null },
  }),
  ...facts,
});
const range = { computer: 'WS-1', machineId: 'a'.repeat(32), pointId: 'b'.repeat(32), createdAt: '', diskId: null, volumeId: null, offset: 0, diskOffset: 0, length: 1, structure: 'chunk', digest: null, files: null, detail: '' };
const damage = (ranges: object[]) => DamageView.parse({ v: 1, checkedAt: null, truncated: false, ranges });
const forecast = (daysLeft: number) => ({ historyDays: 30, bytesPerDay: 1, fullAt: { p10: '', p50: new Date(now + days(daysLeft)).toISOString(), p90: null }, reason: null, lastMonth: null });
const keys = (facts: Partial<Parameters<typeof storeAlerts>[0]>): string[] => storeAlerts({ store: undefined, retention: undefined, damage: undefined, nowMs: now, ...facts }).map(({ key }) => key);

test('all well says nothing, and so does what could not be fetched', () => {
  expect(keys({ store: store(), retention: retention(), damage: damage([]) })).toEqual([]);
  expect(keys({})).toEqual([]);
});

test('pressure names the store by mount point and device, and what waits', () => {
  const [alert] = storeAlerts({ store: store({ pressure: 'red', parkedBackups: 2 }), retention: undefined, damage: undefined, nowMs: now });
  expect(alert).toMatchObject({ urgent: true, text: 'Store /srv (/dev/md0): no room is left: new backups wait; 3 GiB free. 2 backups wait for room' });
});

test('the urgent come first', () => {
  const open = retention({
    anomalies: RetentionView.shape.anomalies.parse([{ computer: 'WS-9', machineId: 'a'.repeat(32), id: 'b'.repeat(32), lastCleanId: null, kind: 'entropy', detail: 'noise', raisedAt: '' }]),
    requests: RetentionView.shape.requests.parse([{ requestId: 'c'.repeat(32), state: 'waiting', points: [], reason: 'x', actor: 'anna', requestedAt: '', executeAfter: '', decidedBy: null, decidedAt: null }]),
  });
  expect(keys({ store: store({ pressure: 'yellow', shortfallBytes: GIB, forecast: forecast(5) }), retention: open, damage: damage([range, range]) })).toEqual(['damage', 'shortfall', `anomaly ${'a'.repeat(32)}`, 'pressure', 'forecast', 'requests']);
});

test('a forecast is an alert under 14 days', () => {
  expect(keys({ store: store({ forecast: forecast(13) }) })).toEqual(['forecast']);
  expect(keys({ store: store({ forecast: forecast(15) }) })).toEqual([]);
});
