import { days, hours, MIB, type RestorePointId } from '@lifeboat/model';

/** What a backup found changed. `changedBytes` are uncompressed, `storedBytes` what they took in the store, `usedBytes` what the machine uses. */
export type ChangeSample = Readonly<{ pointId: RestorePointId; createdAtMs: number; usedBytes: number; changedBytes: number; storedBytes: number }>;

/** `unknown` says that there is too little to compare with; `lastCleanPointId` is the newest point before the anomaly, to be held. */
export type ChangeVerdict = Readonly<
  | { kind: 'normal' }
  | { kind: 'unknown'; reason: string }
  | { kind: 'change-rate' | 'entropy'; detail: string; lastCleanPointId: RestorePointId }
>;

const minHistory = 7;
const maxHistory = 60;
/** How far beyond the usual spread counts as a jump, in robust standard deviations. */
const jumpDeviations = 4;
/** The spread is taken as at least this, in natural logarithms and in shares, so that a machine that never changes is not an anomaly at its first update. */
const minLogSpread = 0.35;
const minRatioSpread = 0.06;
/** A jump must also matter: shares of what the machine uses. */
const rateMattersFrom = 0.15;
const entropyMattersFrom = 0.05;
/** Stored bytes per changed byte from which content is as good as random. */
const incompressibleFrom = 0.9;
const changedBytesMin = 64 * MIB;
/** Median absolute deviation to standard deviation. */
const madToSigma = 1.4826;

/**
 * Tells whether a point changed as its machine usually changes. Much more changed than ever, both per point and per day: `change-rate`. A good deal changed and suddenly does not compress any more, as
 * after encryption: `entropy`. Medians and median deviations, so that single busy days do not hide the next one.
 *
 * @param history points before it that nobody doubts, oldest first; the newest 60 count, fewer than 7 give `unknown`.
 */
export function judgeChange(history: readonly ChangeSample[], next: ChangeSample): ChangeVerdict {
  const recent = history.slice(-maxHistory);
  const last = recent.at(-1);
  // The first point of a machine is no change, it is everything.
  const changes = recent.slice(1).map((sample, index) => changeOf(sample, recent[index] ?? sample));
  if (last === undefined || changes.length < minHistory) return { kind: 'unknown', reason: `${String(changes.length)} of ${String(minHistory)} changes to compare with` };
  if (next.changedBytes < changedBytesMin) return { kind: 'normal' };
  const now = changeOf(next, last);
  const rates = usualOf(changes.map((change) => Math.log(change.rate + 1e-4)));
  const daily = usualOf(changes.map((change) => Math.log(change.rate / change.elapsedDays + 1e-4)));
  const rateJumped = Math.log(now.rate + 1e-4) > rates.median + jumpDeviations * Math.max(rates.sigma, minLogSpread);
  const dailyJumped = Math.log(now.rate / now.elapsedDays + 1e-4) > daily.median + jumpDeviations * Math.max(daily.sigma, minLogSpread);
  const ratios = usualOf(changes.filter((change) => change.ratio !== null).map((change) => change.ratio ?? 0));
  const ratioJumped = now.ratio !== null && ratios.count >= minHistory && now.ratio >= incompressibleFrom && now.ratio > ratios.median + jumpDeviations * Math.max(ratios.sigma, minRatioSpread);
  if (ratioJumped && now.rate >= entropyMattersFrom) {
    return {
      kind: 'entropy', lastCleanPointId: last.pointId,
      detail: `${percent(now.rate)} of the used bytes changed and take ${percent(now.ratio)} of their size in the store; usual is ${percent(ratios.median)}`,
    };
  }
  if (rateJumped && dailyJumped && now.rate >= rateMattersFrom) {
    return { kind: 'change-rate', lastCleanPointId: last.pointId, detail: `${percent(now.rate)} of the used bytes changed; usual is ${percent(Math.exp(rates.median))}` };
  }
  return { kind: 'normal' };
}

type Change = Readonly<{ rate: number; elapsedDays: number; ratio: number | null }>;

function changeOf(sample: ChangeSample, before: ChangeSample): Change {
  const elapsedMs = Math.max(hours(1), sample.createdAtMs - before.createdAtMs);
  return {
    rate: sample.changedBytes / Math.max(1, sample.usedBytes),
    elapsedDays: elapsedMs / days(1),
    ratio: sample.changedBytes === 0 ? null : Math.min(1, sample.storedBytes / sample.changedBytes),
  };
}

function usualOf(values: readonly number[]): Readonly<{ median: number; sigma: number; count: number }> {
  const median = medianOf(values);
  return { median, sigma: madToSigma * medianOf(values.map((value) => Math.abs(value - median))), count: values.length };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? upper;
  return (lower + upper) / 2;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
