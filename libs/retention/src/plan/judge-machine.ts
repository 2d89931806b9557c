import { hours } from '@lifeboat/model';
import { calendarKeeps, keepsEverything } from '../calendar/calendar-keeps.js';
import type { ZoneCalendar } from '../calendar/zone-calendar.js';
import { floorsOf } from '../floors/floors-of.js';
import type { RetentionMachine, RetentionPoint } from '../state/retention-state.js';
import type { KeepReason, PruneCode } from './retention-plan.js';

/** A point and what calendar and floors say of it; `index` is its place among the machine's points. */
export type PointVerdict = Readonly<
  | { kind: 'keep'; index: number; point: RetentionPoint; reasons: readonly KeepReason[]; onFloor: boolean }
  | { kind: 'prune'; index: number; point: RetentionPoint; code: PruneCode; reason: string; by: 'calendar' | 'damage' }
  | { kind: 'purge'; index: number; point: RetentionPoint; reason: string }
  | { kind: 'condemned'; index: number; point: RetentionPoint; onFloor: boolean }
>;

/** `undeleteMs` is how long condemned points can be brought back at the present pressure. */
export type JudgeOptions = Readonly<{ calendar: ZoneCalendar; nowMs: number; undeleteMs: number }>;

/** Points made later than this after now were dated by a clock that was wrong. */
const futureToleranceMs = hours(1);

const everything: readonly KeepReason[] = [{ code: 'KEEP_EVERYTHING', text: 'the policy keeps everything while there is room' }];
const unreadable: readonly KeepReason[] = [{ code: 'KEEP_EVERYTHING', text: 'the policy cannot be read, so everything stays' }];
const noGoodPoint: readonly KeepReason[] = [{ code: 'KEEP_NO_GOOD_POINT', text: 'the machine has no good point, so its calendar rules rest' }];
const newerThanGood: readonly KeepReason[] = [{ code: 'KEEP_NEWER_THAN_GOOD', text: 'not good, but newer than the newest good point' }];
const fromTheFuture: readonly KeepReason[] = [{ code: 'KEEP_FROM_THE_FUTURE', text: 'dated in the future by a wrong clock' }];

/** Says of every point of a machine whether floors or the calendar keep it, and why. In the order of the points. */
export function judgeMachine(machine: RetentionMachine, options: JudgeOptions): PointVerdict[] {
  const floors = floorsOf(machine, options.nowMs);
  const judge = calendarOf(machine, options);
  return machine.points.map((point, index): PointVerdict => {
    const held = floors.get(point.pointId);
    if (point.condemned !== null) return judgeCondemned(point, index, { onFloor: held !== undefined, ...options });
    const calendar = judge(point);
    if (held !== undefined) return { kind: 'keep', index, point, reasons: calendar.kind === 'keep' ? [...held, ...calendar.reasons] : held, onFloor: true };
    if (calendar.kind === 'keep') return { kind: 'keep', index, point, reasons: calendar.reasons, onFloor: false };
    return { kind: 'prune', index, point, code: calendar.code, reason: calendar.reason, by: calendar.code === 'PRUNE_NOT_GOOD' ? 'damage' : 'calendar' };
  });
}

type CalendarAnswer = Readonly<{ kind: 'keep'; reasons: readonly KeepReason[] } | { kind: 'prune'; code: PruneCode; reason: string }>;

function calendarOf(machine: RetentionMachine, { calendar, nowMs }: JudgeOptions): (point: RetentionPoint) => CalendarAnswer {
  const { policy } = machine;
  if (policy === null || keepsEverything(policy)) {
    const answer: CalendarAnswer = { kind: 'keep', reasons: policy === null ? unreadable : everything };
    return () => answer;
  }
  const isFuture = (point: RetentionPoint): boolean => point.createdAtMs > nowMs + futureToleranceMs;
  const good = machine.points.filter((point) => point.condemned === null && point.state === 'good');
  const newest = good.at(-1);
  if (newest === undefined) return () => ({ kind: 'keep', reasons: noGoodPoint });
  // A machine that went silent makes no new points, so time alone must not take its old ones.
  const sinceMs = machine.silent ? Math.min(nowMs, newest.createdAtMs) : nowMs;
  const { kept, whyNot } = calendarKeeps({ points: good.filter((point) => !isFuture(point)), policy, calendar, sinceMs });
  return (point) => {
    const reasons = kept.get(point);
    if (reasons !== undefined) return { kind: 'keep', reasons };
    if (isFuture(point)) return { kind: 'keep', reasons: fromTheFuture };
    if (point.state === 'good') return { kind: 'prune', code: 'PRUNE_NO_SLOT', reason: whyNot(point) };
    if (point.seq > newest.seq) return { kind: 'keep', reasons: newerThanGood };
    return { kind: 'prune', code: 'PRUNE_NOT_GOOD', reason: `${point.state}, so it fills no slot` };
  };
}

function judgeCondemned(point: RetentionPoint, index: number, options: JudgeOptions & Readonly<{ onFloor: boolean }>): PointVerdict {
  const { nowMs, undeleteMs, onFloor } = options;
  if (onFloor || point.condemned === null) return { kind: 'condemned', index, point, onFloor: true };
  const { condemnedAtMs, purgeAfterMs } = point.condemned;
  if (purgeAfterMs <= nowMs) return { kind: 'purge', index, point, reason: 'the time to bring it back is over' };
  if (condemnedAtMs + undeleteMs <= nowMs) return { kind: 'purge', index, point, reason: 'room is tight, which shortens the time to bring it back' };
  return { kind: 'condemned', index, point, onFloor: false };
}
