import { days } from '@lifeboat/model';
import type { Forecast, StoreHistory } from '@lifeboat/protocol';
import type { z } from 'zod';

type Sample = z.infer<typeof StoreHistory>['samples'][number];
type Dates = NonNullable<Forecast['fullAt']>;

/** The span of time and bytes that the chart draws. */
export type GrowthScale = Readonly<{ fromMs: number; nowMs: number; toMs: number; maxBytes: number }>;
type Area = Readonly<{ width: number; height: number }>;
type Place = Readonly<{ x: number; y: number }>;

const samplesMax = 400;

/** At most 400 samples, evenly taken; first and last stay. */
export function thinSamples(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= samplesMax) return samples;
  const step = (samples.length - 1) / (samplesMax - 1);
  return Array.from({ length: samplesMax }, (_, place) => samples[Math.round(place * step)]).filter((sample) => sample !== undefined);
}

/**
 * What the chart spans: all of the history, and ahead as far as the forecast's middle but never more than twice the history, so that what happened stays readable. Bytes begin at 0.
 */
export function growthScale(samples: readonly Sample[], forecast: Forecast | null, facts: Readonly<{ nowMs: number; sizeBytes: number }>): GrowthScale {
  const { nowMs, sizeBytes } = facts;
  const first = samples[0];
  const fromMs = Math.min(first === undefined ? nowMs : Date.parse(first.at), nowMs - days(7));
  const pastMs = nowMs - fromMs;
  const aheadMs = forecast?.fullAt ? Math.min(2 * pastMs, Math.max(pastMs / 3, (Date.parse(forecast.fullAt.p90 ?? forecast.fullAt.p50) - nowMs) * 1.1)) : pastMs / 10;
  return { fromMs, nowMs, toMs: nowMs + aheadMs, maxBytes: Math.max(1, sizeBytes, ...samples.map((sample) => sample.usedBytes)) };
}

/** Where a moment and a number of bytes stand on the drawing; y grows downwards. */
export function placeOf({ fromMs, toMs, maxBytes }: GrowthScale, { width, height }: Area, value: Readonly<{ atMs: number; bytes: number }>): Place {
  const inside = (share: number): number => Math.min(1, Math.max(0, share));
  return { x: inside((value.atMs - fromMs) / (toMs - fromMs)) * width, y: height - inside(value.bytes / maxBytes) * height };
}

/** The band between the earliest and the latest date of one in ten, as a closed outline, and its middle line; from now until the chart ends. */
export function forecastBand(scale: GrowthScale, area: Area, from: Readonly<{ usedBytes: number; fullBytes: number; fullAt: Dates }>): Readonly<{ outline: readonly Place[]; middle: readonly Place[] }> {
  const { usedBytes, fullBytes, fullAt } = from;
  const start = placeOf(scale, area, { atMs: scale.nowMs, bytes: usedBytes });
  /** Rises to full at `at`, and stays there; never full is flat. */
  const line = (at: string | null): Place[] => {
    if (at === null) return [placeOf(scale, area, { atMs: scale.toMs, bytes: usedBytes })];
    const atMs = Math.max(scale.nowMs + 1, Date.parse(at));
    if (atMs >= scale.toMs) return [placeOf(scale, area, { atMs: scale.toMs, bytes: usedBytes + ((fullBytes - usedBytes) * (scale.toMs - scale.nowMs)) / (atMs - scale.nowMs) })];
    return [placeOf(scale, area, { atMs, bytes: fullBytes }), placeOf(scale, area, { atMs: scale.toMs, bytes: fullBytes })];
  };
  return { outline: [start, ...line(fullAt.p10), ...line(fullAt.p90).reverse()], middle: [start, ...line(fullAt.p50)] };
}

/** Places as the `points` of an SVG outline. */
export const pointsOf = (places: readonly Place[]): string => places.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

/** The forecast as a sentence: a band, or why there is none. */
export function forecastSentence(forecast: Forecast | null, dateOf: (at: string) => string): string {
  if (forecast?.fullAt === null || forecast === null) return `No date: ${forecast?.reason?.text.replace(/^no date: /, '') ?? 'not enough history'}`;
  const { p10, p50, p90 } = forecast.fullAt;
  return `Full between ${dateOf(p10)} and ${p90 === null ? 'more than ten years from now' : dateOf(p90)} (10–90 %), most likely about ${dateOf(p50)}`;
}

/** How well the forecast of a month ago met today: "Last month’s forecast was 6 % low". */
export function backTestSentence(lastMonth: Forecast['lastMonth']): string {
  if (lastMonth === null) return 'No forecast is a month old yet, so none could be checked';
  const percent = Math.round(Math.abs(lastMonth.errorPercent));
  return percent === 0 ? 'Last month’s forecast was right to the per cent' : `Last month’s forecast was ${String(percent)} % ${lastMonth.errorPercent > 0 ? 'high' : 'low'}`;
}
