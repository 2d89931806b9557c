import { days } from '@lifeboat/model';
import type { Version } from '@lifeboat/protocol';

/** Spans of time the chain can be looked at; `all` (null) begins with the first point. */
export const timelineRanges = { '7d': days(7), '30d': days(30), '1y': days(365), all: null } as const;
export type TimelineRange = keyof typeof timelineRanges;

/** The span of time drawn, in milliseconds since 1970. */
export type TimeWindow = Readonly<{ fromMs: number; toMs: number }>;

/** The window that ends now; a margin keeps the newest bar off the edge. `all` never spans less than a week. */
export function timeWindow(range: TimelineRange, firstPointAtMs: number | null, nowMs: number): TimeWindow {
  const spanMs = timelineRanges[range] ?? Math.max(days(7), nowMs - (firstPointAtMs ?? nowMs)) * 1.03;
  return { fromMs: nowMs - spanMs, toMs: nowMs + spanMs * 0.015 };
}

/** One bar. `index` is the point's place in the list that was laid out; `others` counts points that share its column and are not drawn. */
export type TimelineBar = Readonly<{ index: number; x: number; width: number; height: number; others: number }>;

type Area = Readonly<{ window: TimeWindow; width: number; height: number }>;

const barMax = 14;
const barMin = 3;
/** An incremental point is never taller than this share of a full one, and never too short to see or to hit. */
const incrementalMax = 0.8;
const incrementalMin = 0.08;

/**
 * Places one bar per restore point: a full one has full height, an incremental one grows with the square root of its changed bytes, so that a
 * quiet day beside a busy one is still seen. Points closer than a bar's width share a column; the one that tells most is drawn.
 *
 * @param points sorted by time.
 * @param shown index of a point that is always drawn, or -1.
 */
export function layoutBars(points: readonly Version[], area: Area, shown: number): readonly TimelineBar[] {
  const { fromMs, toMs } = area.window;
  const inside = points.map((point, index) => ({ index, point, atMs: Date.parse(point.createdAt) })).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const changedMax = Math.max(1, ...inside.map(({ point }) => (point.kind === 'incremental' ? point.bytes.changed : 0)));
  const width = barWidth(inside.map(({ atMs }) => ((atMs - fromMs) / (toMs - fromMs)) * area.width));
  const columns = new Map<number, (typeof inside)[number][]>();
  for (const entry of inside) {
    const column = Math.floor((((entry.atMs - fromMs) / (toMs - fromMs)) * area.width) / (width + 1));
    columns.set(column, [...(columns.get(column) ?? []), entry]);
  }
  return [...columns.values()].map((column) => {
    const drawn = column.toSorted((a, b) => weight(b, shown) - weight(a, shown))[0] as (typeof inside)[number];
    const share = drawn.point.kind === 'full' ? 1 : incrementalMin + (incrementalMax - incrementalMin) * Math.sqrt(drawn.point.bytes.changed / changedMax);
    const x = ((drawn.atMs - fromMs) / (toMs - fromMs)) * area.width - width / 2;
    return { index: drawn.index, x: Math.min(area.width - width, Math.max(0, x)), width, height: Math.max(2, share * area.height), others: column.length - 1 };
  });
}

function weight({ index, point }: Readonly<{ index: number; point: Version }>, shown: number): number {
  if (index === shown) return 5;
  if (point.state !== 'good') return 4;
  return point.kind === 'full' ? 3 : 1;
}

/** As wide as the usual distance between neighbours allows. */
function barWidth(xs: readonly number[]): number {
  const gaps = xs.slice(1).map((x, place) => x - (xs[place] ?? 0)).toSorted((a, b) => a - b);
  const usual = gaps[Math.floor(gaps.length / 2)] ?? barMax + 3;
  return Math.min(barMax, Math.max(barMin, Math.floor(usual) - 2));
}

/** The bar nearest to a place on the drawing, or undefined when there is none. */
export function nearestBar(bars: readonly TimelineBar[], x: number): TimelineBar | undefined {
  return bars.toSorted((a, b) => Math.abs(a.x + a.width / 2 - x) - Math.abs(b.x + b.width / 2 - x))[0];
}

/** What a point is, for tooltips and screen readers: "14 Nov 02:10, incremental, 3.1 GiB changed, good". */
export function pointWords(point: Version, words: Readonly<{ moment: string; changed: string; used: string }>): string {
  const size = point.kind === 'full' ? `${words.used} used` : `${words.changed} changed`;
  return [words.moment, point.kind, size, ...(point.state === 'good' ? [] : [point.state]), ...(point.proof === null ? [] : [`proven at level ${String(point.proof.level)}`])].join(', ');
}
