import { days, hours } from '@lifeboat/model';
import { IANAZone } from 'luxon';
import { TimeZoneUnknown } from '../errors.js';

/** The periods of the calendar, short to long. */
export type CalendarPeriod = 'hour' | 'day' | 'week' | 'month' | 'year';

const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] as const;
const { floor } = Math;
const minuteMs = 60_000;
/** A server has a zone or two; tests have them all. */
const maxCalendars = 600;

/** A date of the proleptic Gregorian calendar; `month` 1-12. */
type CivilDate = Readonly<{ year: number; month: number; day: number }>;

/**
 * Tells in which hour, day, ISO week, month and year of a time zone an instant lies.
 *
 * Answers come from arithmetic on the zone's offset, which is asked once per UTC day in which it does not change: a fleet has half a million points.
 */
export class ZoneCalendar {
  static readonly #calendars = new Map<string, ZoneCalendar>();
  readonly #zone: IANAZone;
  /** Offset in minutes by UTC day; null where it changes within the day. */
  readonly #offsets = new Map<number, number | null>();

  private constructor(zone: IANAZone) {
    this.#zone = zone;
  }

  /**
   * The calendar of a zone; one per zone is kept, since what it learns of offsets stays true.
   *
   * @throws TimeZoneUnknown (TIME_ZONE_UNKNOWN)
   */
  static of(timeZone: string): ZoneCalendar {
    const known = this.#calendars.get(timeZone);
    if (known !== undefined) return known;
    if (!IANAZone.isValidZone(timeZone)) throw new TimeZoneUnknown(timeZone);
    const calendar = new ZoneCalendar(IANAZone.create(timeZone));
    if (this.#calendars.size >= maxCalendars) this.#calendars.clear();
    this.#calendars.set(timeZone, calendar);
    return calendar;
  }

  /**
   * Number of the period in which `atMs` lies. Equal numbers are the same period; later periods have larger numbers.
   * The hour that a clock change repeats is two hours; the one it skips has no instants.
   */
  periodOf(period: CalendarPeriod, atMs: number): number {
    const localMs = atMs + this.#offsetMs(atMs);
    if (period === 'hour') return atMs - floorMod(localMs, hours(1));
    const dayNumber = floor(localMs / days(1));
    if (period === 'day') return dayNumber;
    // Day 0, 1 January 1970, was a Thursday. ISO weeks begin on Monday, so whole weeks counted from a Monday are ISO weeks, the 53rd included.
    if (period === 'week') return floor((dayNumber + 3) / 7);
    const { year, month } = civilOf(dayNumber);
    return period === 'month' ? year * 12 + month - 1 : year;
  }

  /** The period of `atMs` in words: "14:00 on 3 September 2026", "3 September 2026", "week 36 of 2026", "September 2026", "2026". */
  nameOf(period: CalendarPeriod, atMs: number): string {
    const localMs = atMs + this.#offsetMs(atMs);
    const dayNumber = floor(localMs / days(1));
    const { year, month, day } = civilOf(dayNumber);
    const monthName = monthNames[month - 1] ?? '';
    if (period === 'year') return String(year);
    if (period === 'month') return `${monthName} ${String(year)}`;
    if (period === 'week') {
      // A week belongs to the year of its Thursday.
      const thursday = floor((dayNumber + 3) / 7) * 7;
      const weekYear = civilOf(thursday).year;
      return `week ${String(floor((thursday - dayNumberOf(weekYear)) / 7) + 1)} of ${String(weekYear)}`;
    }
    const date = `${String(day)} ${monthName} ${String(year)}`;
    if (period === 'day') return date;
    return `${String(floor(floorMod(localMs, days(1)) / hours(1))).padStart(2, '0')}:00 on ${date}`;
  }

  #offsetMs(atMs: number): number {
    const utcDay = floor(atMs / days(1));
    let offset = this.#offsets.get(utcDay);
    if (offset === undefined) {
      const first = this.#zone.offset(utcDay * days(1));
      offset = first === this.#zone.offset((utcDay + 1) * days(1)) ? first : null;
      this.#offsets.set(utcDay, offset);
    }
    return (offset ?? this.#zone.offset(atMs)) * minuteMs;
  }
}

function floorMod(value: number, modulus: number): number {
  return value - floor(value / modulus) * modulus;
}

/** Days from 1 January 1970 to 1 January of `year`. */
function dayNumberOf(year: number): number {
  const before = year - 1;
  return before * 365 + floor(before / 4) - floor(before / 100) + floor(before / 400) - 719_162;
}

/** The inverse of counting days, in eras of 400 years that begin on 1 March, so that the leap day comes last. */
function civilOf(dayNumber: number): CivilDate {
  const shifted = dayNumber + 719_468;
  const era = floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = floor((dayOfEra - floor(dayOfEra / 1460) + floor(dayOfEra / 36_524) - floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100));
  const monthFromMarch = floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - floor((153 * monthFromMarch + 2) / 5) + 1 };
}
