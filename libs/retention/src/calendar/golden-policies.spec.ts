import { defaultRetentionPolicy, hours, type RetentionPolicy } from '@lifeboat/model';
import { readFileSync } from 'node:fs';
import { testPoint } from '../testing/fleet.js';
import { calendarKeeps } from './calendar-keeps.js';
import { ZoneCalendar } from './zone-calendar.js';

/** `keeps` are indexes into `atMs`; where rules add up otherwise than Proxmox's, restic's are meant. See golden/make-golden.mjs, which made the file with restic and a reading of Proxmox's rules. */
type Golden = {
  histories: { name: string; timeZone: string; restic: string; atMs: number[]; cases: { policy: Record<string, number>; keeps: number[]; coincide: boolean }[] }[];
};
const golden = JSON.parse(readFileSync(new URL('golden/golden-policies.json', import.meta.url), 'utf8')) as Golden;

function policyOf(golden: Record<string, number>): RetentionPolicy {
  const { keepWithinHours, ...rules } = golden;
  return { ...defaultRetentionPolicy, ...rules, keepWithinMs: keepWithinHours === undefined ? null : hours(keepWithinHours) };
}

describe.each(golden.histories)('points of restic and Proxmox in $name', ({ timeZone, atMs, cases }) => {
  const points = atMs.map((createdAtMs, index) => testPoint({ seq: index + 1, createdAtMs }));
  const calendar = ZoneCalendar.of(timeZone);

  test('the table has at least 40 policies on which both agree', () => {
    expect(cases.filter((one) => one.coincide).length).toBeGreaterThanOrEqual(40);
  });

  test.each(cases.map((one) => ({ ...one, words: JSON.stringify(one.policy) })))('$words, both agree: $coincide', ({ policy, keeps }) => {
    const { kept } = calendarKeeps({ points, policy: policyOf(policy), calendar, sinceMs: atMs.at(-1) ?? 0 });
    const own = [...kept.keys()].map((point) => point.seq - 1).sort((a, b) => a - b);
    expect(own).toEqual(keeps);
  });
});
