import { days, hours, minutes } from '@lifeboat/model';
import type { ClockReading } from '../state/retention-state.js';

/** What independent others say the time is, asked in the same moment as the sample: hosts over TLS, or agents as they authenticate. One claim per source. */
export type ClockClaim = Readonly<{ from: 'host' | 'agent'; wallMs: number }>;

/** The clocks of this computer at one moment. `monotonicMs` counts since the boot named by `bootId` and stands still while the computer sleeps. */
export type ClockSample = Readonly<{ wallMs: number; monotonicMs: number; bootId: string; claims: readonly ClockClaim[] }>;

/** What the clock knows after a sample; the hourly anchors in the ledger carry it over restarts. */
export type TrustedClock = Readonly<{
  /** Never jumps: grows with the monotonic clock, and by what can be proven or is small enough to believe after a restart. */
  trustedMs: number;
  wallMs: number;
  /** null when the anchor does not say, which counts as another boot. */
  monotonicMs: number | null;
  bootId: string;
  /** Time that the computer was off, by its own word alone, and that was not believed. */
  uncreditedMs: number;
  /** How much may still be believed without proof; grows again while the computer runs. */
  beliefLeftMs: number;
  /** Wall and trusted time disagree: nothing expires and no time to bring back is shortened. Ends when they agree again, are proven or confirmed. */
  jumped: boolean;
}>;

/** Restarting again and again gains no more than this in a day. */
const beliefMaxMs = hours(6);
const beliefGrowsPerMs = beliefMaxMs / days(1);
const agreementMs = minutes(2);
const toleranceMs = minutes(10);
/** An off time beyond this is more likely a clock that was set wrong. */
const uncreditedMaxMs = days(31);

/**
 * Steps the trusted clock by one sample. Pure; call it hourly, at start, and when claims come in.
 *
 * While the computer runs, trusted time follows the monotonic clock whatever the wall clock does. After a restart the gap counts in full only if claims agree with the wall clock: two hosts, or the median
 * of three agents, within two minutes; else at most 6 hours of it, and 6 hours per day of running. The rest stays uncredited until it is proven: things then expire late, never early.
 *
 * @param before null on the very first start, which takes the wall clock's word.
 */
export function stepTrustedClock(before: TrustedClock | null, sample: ClockSample): TrustedClock {
  const { wallMs, monotonicMs, bootId } = sample;
  const here = { wallMs, monotonicMs, bootId };
  if (before === null) return { trustedMs: wallMs, ...here, uncreditedMs: 0, beliefLeftMs: beliefMaxMs, jumped: false };
  let { trustedMs, uncreditedMs, beliefLeftMs } = before;
  if (before.bootId === bootId && before.monotonicMs !== null && monotonicMs >= before.monotonicMs) {
    const ranMs = monotonicMs - before.monotonicMs;
    trustedMs += ranMs;
    beliefLeftMs = Math.min(beliefMaxMs, beliefLeftMs + Math.floor(ranMs * beliefGrowsPerMs));
  } else {
    const gapMs = Math.max(0, wallMs - before.wallMs);
    const believedMs = Math.min(gapMs, beliefLeftMs);
    trustedMs += believedMs;
    beliefLeftMs -= believedMs;
    uncreditedMs += gapMs - believedMs;
  }
  if (wallMs > trustedMs && isProven(sample)) trustedMs = wallMs;
  uncreditedMs = Math.min(uncreditedMs, Math.max(0, wallMs - trustedMs));
  const jumped = Math.abs(wallMs - uncreditedMs - trustedMs) > toleranceMs || uncreditedMs > uncreditedMaxMs;
  return { trustedMs, ...here, uncreditedMs, beliefLeftMs, jumped };
}

/** People looked at the clock and say it is right: trusted time is the wall clock's from here on, forwards or backwards. Who may say so is for the caller to decide. */
export function confirmClock(clock: TrustedClock): TrustedClock {
  return { ...clock, trustedMs: clock.wallMs, uncreditedMs: 0, jumped: false };
}

/** What the ledger remembers of the clock. */
export type ClockAnchor = Readonly<{ wallMs: number; trustedMs: number; bootId: string; monotonicMs?: number | undefined; beliefLeftMs?: number | undefined }>;

/** Takes up the clock from its last anchor. What trusted time was behind then is taken for time that could not be proven. */
export function resumeClock(anchor: ClockAnchor): TrustedClock {
  const { wallMs, trustedMs, bootId } = anchor;
  const uncreditedMs = Math.max(0, wallMs - trustedMs);
  const jumped = uncreditedMs > uncreditedMaxMs || trustedMs - wallMs > toleranceMs;
  return { trustedMs, wallMs, bootId, monotonicMs: anchor.monotonicMs ?? null, uncreditedMs, beliefLeftMs: anchor.beliefLeftMs ?? beliefMaxMs, jumped };
}

/** What to write into the ledger, hourly and before anything is decided by time. */
export function anchorOf(clock: TrustedClock): ClockAnchor {
  const { wallMs, trustedMs, bootId, monotonicMs, beliefLeftMs } = clock;
  return { wallMs, trustedMs, bootId, beliefLeftMs, ...(monotonicMs === null ? {} : { monotonicMs }) };
}

/** The time by which things end: pins, immutability, the time to bring back. The earlier of both clocks, so that neither alone can end anything. */
export function expiryNowMs(clock: TrustedClock): number {
  return Math.min(clock.wallMs, clock.trustedMs);
}

/** The time from which new immutability counts: the later of both clocks. */
export function immutableFromMs(clock: TrustedClock): number {
  return Math.max(clock.wallMs, clock.trustedMs);
}

/** What a retention state carries of this clock, beside `expiryNowMs` as its now. */
export function clockReading(clock: TrustedClock): ClockReading {
  return { wallMs: clock.wallMs, jumped: clock.jumped, uncreditedMs: clock.uncreditedMs };
}

function isProven({ wallMs, claims }: ClockSample): boolean {
  const agrees = (claimMs: number): boolean => Math.abs(claimMs - wallMs) <= agreementMs;
  if (claims.filter((claim) => claim.from === 'host' && agrees(claim.wallMs)).length >= 2) return true;
  const agents = claims.filter((claim) => claim.from === 'agent').map((claim) => claim.wallMs).sort((a, b) => a - b);
  const low = agents[Math.floor((agents.length - 1) / 2)];
  const high = agents[Math.floor(agents.length / 2)];
  return agents.length >= 3 && low !== undefined && high !== undefined && agrees(low) && agrees(high);
}
