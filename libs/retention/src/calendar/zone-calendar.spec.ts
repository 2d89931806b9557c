import { hours, minutes } from '@lifeboat/model';
import { DateTime } from 'luxon';
import { SeededRandom } from '../testing/random-fleet.js';
import { ZoneCalendar, type CalendarPeriod } from './zone-calendar.js';

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'Africa/Casablanca', 'Pacific/Chatham'] as const;

describe('periods of the calendar', () => {
  test.each(zones)('%s: days, ISO weeks, months and years are luxon\'s, at random instants from 1975 to 2075', (zone) => {
    const calendar = ZoneCalendar.of(zone);
    const random = new SeededRandom(7);
    for (let round = 0; round < 200; round += 1) {
      const atMs = random.integer(Date.UTC(1975, 0, 1), Date.UTC(2075, 0, 1));
      const local = DateTime.fromMillis(atMs, { zone });
      expect(calendar.nameOf('day', atMs)).toBe(local.setLocale('en-US').toFormat('d LLLL yyyy'));
      expect(calendar.nameOf('week', atMs)).toBe(`week ${String(local.weekNumber)} of ${String(local.weekYear)}`);
      expect(calendar.nameOf('month', atMs)).toBe(local.setLocale('en-US').toFormat('LLLL yyyy'));
      expect(calendar.nameOf('year', atMs)).toBe(String(local.year));
      expect(calendar.nameOf('hour', atMs)).toBe(local.setLocale('en-US').toFormat("HH':00 on 'd LLLL yyyy"));
    }
  });

  test.each(zones)('%s: two instants are in one period exactly when it has one name, and later periods have larger numbers', (zone) => {
    const calendar = ZoneCalendar.of(zone);
    const random = new SeededRandom(11);
    for (const period of ['day', 'week', 'month', 'year'] satisfies CalendarPeriod[]) {
      let atMs = Date.UTC(2019, 0, 1);
      let before = { number: calendar.periodOf(period, atMs), name: calendar.nameOf(period, atMs) };
      for (let round = 0; round < 200; round += 1) {
        atMs += random.integer(minutes(20), hours(30));
        const now = { number: calendar.periodOf(period, atMs), name: calendar.nameOf(period, atMs) };
        expect(now.number === before.number).toBe(now.name === before.name);
        expect(now.number).toBeGreaterThanOrEqual(before.number);
        before = now;
      }
    }
  });

  // The first Thursday of the year is in week 1; 2020, 2026 and 2032 have 53 weeks.
  test.each([
    ['2020-12-31', 'week 53 of 2020'], ['2021-01-01', 'week 53 of 2020'], ['2021-01-03', 'week 53 of 2020'], ['2021-01-04', 'week 1 of 2021'], ['2018-12-31', 'week 1 of 2019'], ['2016-01-03', 'week 53 of 2015'],
    ['2026-12-28', 'week 53 of 2026'], ['2027-01-03', 'week 53 of 2026'], ['2027-01-04', 'week 1 of 2027'], ['2033-01-02', 'week 53 of 2032'], ['2024-12-30', 'week 1 of 2025'], ['2024-02-29', 'week 9 of 2024'],
  ])('%s is in %s', (date, week) => {
    const calendar = ZoneCalendar.of('Europe/Berlin');
    const noonMs = Date.parse(`${date}T12:00:00+01:00`);
    expect(calendar.nameOf('week', noonMs)).toBe(week);
  });

  test('week 53 is one week across New Year, and the next begins on Monday at midnight of the zone', () => {
    const calendar = ZoneCalendar.of('Europe/Berlin');
    const weekOf = (text: string): number => calendar.periodOf('week', Date.parse(text));
    expect(weekOf('2020-12-28T00:00:00+01:00')).toBe(weekOf('2021-01-03T23:59:59+01:00'));
    expect(weekOf('2020-12-27T23:59:59+01:00')).toBe(weekOf('2020-12-28T00:00:00+01:00') - 1);
    expect(weekOf('2021-01-04T00:00:00+01:00')).toBe(weekOf('2021-01-03T23:59:59+01:00') + 1);
  });
});

describe('clock changes', () => {
  const hoursOf = (zone: string, fromMs: number, count: number): number => {
    const calendar = ZoneCalendar.of(zone);
    return new Set(Array.from({ length: count * 4 }, (_, quarter) => calendar.periodOf('hour', fromMs + quarter * minutes(15)))).size;
  };
  const daysOf = (zone: string, fromMs: number, count: number): number => {
    const calendar = ZoneCalendar.of(zone);
    return new Set(Array.from({ length: count }, (_, hour) => calendar.periodOf('day', fromMs + hours(hour)))).size;
  };

  test.each([
    // In Berlin 29 March 2026 has 23 hours and 25 October 2026 has 25; one of them is named 02:00 twice.
    { zone: 'Europe/Berlin', from: '2026-03-29T00:00:00+01:00', length: 23 }, { zone: 'Europe/Berlin', from: '2026-10-25T00:00:00+02:00', length: 25 },
    { zone: 'America/New_York', from: '2026-03-08T00:00:00-05:00', length: 23 }, { zone: 'America/New_York', from: '2026-11-01T00:00:00-04:00', length: 25 }, { zone: 'UTC', from: '2026-03-29T00:00:00Z', length: 24 },
  ])('the day of $zone from $from has $length hours', ({ zone, from, length }) => {
    const fromMs = Date.parse(from);
    expect(hoursOf(zone, fromMs, length)).toBe(length);
    expect(daysOf(zone, fromMs, length)).toBe(1);
    expect(daysOf(zone, fromMs - hours(1), length + 2)).toBe(3);
  });

  test('the repeated hour is two hours with one name', () => {
    const calendar = ZoneCalendar.of('Europe/Berlin');
    const summer = Date.parse('2026-10-25T02:30:00+02:00');
    const winter = Date.parse('2026-10-25T02:30:00+01:00');
    expect(calendar.nameOf('hour', summer)).toBe('02:00 on 25 October 2026');
    expect(calendar.nameOf('hour', winter)).toBe('02:00 on 25 October 2026');
    expect(calendar.periodOf('hour', winter) - calendar.periodOf('hour', summer)).toBe(hours(1));
  });

  test('Lord Howe turns back by half an hour, Apia skipped a whole day', () => {
    expect(daysOf('Australia/Lord_Howe', Date.parse('2026-04-05T00:00:00+11:00'), 24)).toBe(1);
    const apia = ZoneCalendar.of('Pacific/Apia');
    const before = Date.parse('2011-12-29T23:59:00-10:00');
    expect(apia.nameOf('day', before)).toBe('29 December 2011');
    expect(apia.nameOf('day', before + minutes(2))).toBe('31 December 2011');
  });

  test('an unknown zone is refused', () => {
    for (const zone of ['Europe/Atlantis', '', 'x'.repeat(100), '../UTC']) expect(() => ZoneCalendar.of(zone)).toThrow(expect.objectContaining({ code: 'TIME_ZONE_UNKNOWN' }) as Error);
  });
});
