import { days } from '@lifeboat/model';

/** Bytes in use at a moment; a few a day are enough. */
export type SpaceSample = Readonly<{ atMs: number; usedBytes: number }>;

/** `history` in any order; `fullBytes` is how much may be used before the store is full. */
export type ForecastQuestion = Readonly<{ history: readonly SpaceSample[]; fullBytes: number; nowMs: number }>;

/** The day on which the store is full: one in ten chances before `p10`, even at `p50`, nine in ten before `p90`; null is not within ten years. */
export type FullDates = Readonly<{ p10: number; p50: number; p90: number | null }>;

/** How well a forecast made 30 days ago met today; the error is a share of what may be used, in per cent, above 0 when too much was expected. */
export type BackTest = Readonly<{ predictedBytes: number; actualBytes: number; errorPercent: number }>;

export type ForecastReason = 'FORECAST_SHORT_HISTORY' | 'FORECAST_NOT_GROWING' | 'FORECAST_FULL_NOW';
export type SpaceForecast = Readonly<{
  fullAtMs: FullDates | null;
  /** Why there is no date; null when there is one. */
  reason: Readonly<{ code: ForecastReason; text: string }> | null;
  /** Median growth; null when history is short. */
  bytesPerDay: number | null;
  historyDays: number;
  lastMonth: BackTest | null;
}>;

const minHistoryDays = 7;
const maxHistoryDays = 90;
const horizonMs = days(3653);
const backTestMs = days(30);

/**
 * Says when the store will be full, as a band, from the growth of at least seven days. The slope is the median of the slopes between all pairs of days that lie well apart (Theil and Sen), which garbage
 * collection's falls and single full backups do not move; the band is their first and last tenth.
 *
 * Cost: pairs of at most 90 days.
 */
export function forecastSpace(question: ForecastQuestion): SpaceForecast {
  const { fullBytes, nowMs } = question;
  const daily = dailyOf(question.history, nowMs);
  const historyDays = spanDays(daily);
  const lastMonth = backTest(question);
  const slopes = slopesOf(daily);
  const none = (code: ForecastReason, text: string): SpaceForecast => ({ fullAtMs: null, reason: { code, text }, bytesPerDay: slopes?.p50 ?? null, historyDays, lastMonth });
  const used = daily.at(-1)?.usedBytes;
  if (slopes === null || used === undefined) return none('FORECAST_SHORT_HISTORY', `not enough history: ${String(Math.floor(historyDays))} of ${String(minHistoryDays)} days`);
  const leftBytes = fullBytes - used;
  if (leftBytes <= 0) return none('FORECAST_FULL_NOW', 'the store is full now');
  const dateAt = (bytesPerDay: number): number | null => {
    const inMs = bytesPerDay > 0 ? (leftBytes / bytesPerDay) * days(1) : Infinity;
    return inMs <= horizonMs ? Math.round(nowMs + inMs) : null;
  };
  const p10 = dateAt(slopes.p90);
  const p50 = dateAt(slopes.p50);
  if (p10 === null || p50 === null) return none('FORECAST_NOT_GROWING', 'no date: what is used does not grow, or fills the store in more than ten years');
  return { fullAtMs: { p10, p50, p90: dateAt(slopes.p10) }, reason: null, bytesPerDay: slopes.p50, historyDays, lastMonth };
}

type Slopes = Readonly<{ p10: number; p50: number; p90: number }>;

function slopesOf(daily: readonly SpaceSample[]): Slopes | null {
  const span = spanDays(daily);
  if (span < minHistoryDays) return null;
  const slopes: number[] = [];
  for (const [index, from] of daily.entries()) {
    for (const to of daily.slice(index + 1)) {
      const apartDays = (to.atMs - from.atMs) / days(1);
      // Neighbouring days say more of noise than of growth.
      if (apartDays >= span / 4) slopes.push((to.usedBytes - from.usedBytes) / apartDays);
    }
  }
  slopes.sort((a, b) => a - b);
  const at = (share: number): number => slopes[Math.round((slopes.length - 1) * share)] ?? 0;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}

/** The last sample of each day up to `nowMs`, oldest first. */
function dailyOf(history: readonly SpaceSample[], nowMs: number): SpaceSample[] {
  const byDay = new Map<number, SpaceSample>();
  for (const sample of history) {
    if (sample.atMs > nowMs || sample.atMs < nowMs - days(maxHistoryDays)) continue;
    const day = Math.floor((nowMs - sample.atMs) / days(1));
    const known = byDay.get(day);
    if (known === undefined || known.atMs < sample.atMs) byDay.set(day, sample);
  }
  return [...byDay.values()].sort((a, b) => a.atMs - b.atMs);
}

function spanDays(daily: readonly SpaceSample[]): number {
  const [first] = daily;
  const last = daily.at(-1);
  return first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / days(1);
}

function backTest({ history, fullBytes, nowMs }: ForecastQuestion): BackTest | null {
  const daily = dailyOf(history, nowMs - backTestMs);
  const slopes = slopesOf(daily);
  const then = daily.at(-1);
  const actual = dailyOf(history, nowMs).at(-1);
  if (slopes === null || then === undefined || actual === undefined || fullBytes <= 0) return null;
  const predictedBytes = Math.round(then.usedBytes + (slopes.p50 * (actual.atMs - then.atMs)) / days(1));
  return { predictedBytes, actualBytes: actual.usedBytes, errorPercent: ((predictedBytes - actual.usedBytes) / fullBytes) * 100 };
}
