import { type MachineState, days, formatAge, hours } from '@lifeboat/model';
import type { Computer } from '@lifeboat/protocol';
import { wholeNumber } from '../format/bytes.js';
import { statesByUrgency } from '../status/state-words.js';

/** The orders the list can take; `urgency` is the one it opens with. */
export const fleetSorts = ['urgency', 'name', 'age', 'points', 'seen'] as const;
export type FleetSort = (typeof fleetSorts)[number];

/** Used where the server does not state the target of a machine. */
const usualTargetMs = hours(24);
const proofTargetMs = days(30);
/** Lateness begins this much beyond the target, see the state rules. */
const graceShare = 0.2;

/** The target that a machine's newest point is measured against. */
export const targetOf = (computer: Computer, fallbackMs: number = usualTargetMs): number => computer.rpoTargetMs ?? fallbackMs;

/** How many machines are in each state. */
export function countStates(computers: readonly Computer[]): Readonly<Record<MachineState, number>> {
  const counts: Record<MachineState, number> = { at_risk: 0, late: 0, unproven: 0, pending: 0, paused: 0, protected: 0 };
  for (const computer of computers) counts[computer.state] += 1;
  return counts;
}

/** The states named in the address, unknown words dropped; empty means all. */
export function parseStates(text: string | undefined): readonly MachineState[] {
  const named = new Set((text ?? '').split(','));
  return statesByUrgency.filter((state) => named.has(state));
}

/** The address with one state switched on or off; undefined when none is left. */
export function toggleState(text: string | undefined, state: MachineState): string | undefined {
  const before = parseStates(text);
  const after = before.includes(state) ? before.filter((other) => other !== state) : statesByUrgency.filter((other) => other === state || before.includes(other));
  return after.length === 0 ? undefined : after.join(',');
}

/** The machines that match every word of the filter and one of the states, in the order asked for. */
export function arrangeFleet(computers: readonly Computer[], view: Readonly<{ q?: string | undefined; states: readonly MachineState[]; sort: FleetSort }>): readonly Computer[] {
  const words = (view.q ?? '').toLowerCase().split(/\s+/).filter((word) => word !== '');
  const matching = computers.filter((computer) => {
    if (view.states.length > 0 && !view.states.includes(computer.state)) return false;
    const text = `${computer.name} ${computer.reason} ${computer.platform} ${computer.agentVersion} ${computer.online ? 'online' : 'offline'}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const compare = comparers[view.sort];
  return matching.toSorted((a, b) => compare(a, b) || byName(a, b));
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byName = (a: Computer, b: Computer): number => names.compare(a.name, b.name);
const oldestFirst = (a: string | null, b: string | null): number => (a === null ? 0 : Date.parse(a)) - (b === null ? 0 : Date.parse(b));
const comparers: Readonly<Record<FleetSort, (a: Computer, b: Computer) => number>> = {
  urgency: (a, b) => statesByUrgency.indexOf(a.state) - statesByUrgency.indexOf(b.state),
  name: byName,
  age: (a, b) => oldestFirst(a.lastPointAt, b.lastPointAt),
  points: (a, b) => b.points - a.points,
  seen: (a, b) => Number(a.online) - Number(b.online) || oldestFirst(a.lastSeenAt, b.lastSeenAt),
};

/** The first thing an admin reads: "4,881 of 5,000 machines restorable inside target · 3,902 proven in 30 d". */
export function coverageSentence(computers: readonly Computer[], nowMs: number): string {
  const restorable = computers.filter((computer) => computer.state !== 'at_risk' && computer.lastPointAt !== null && nowMs - Date.parse(computer.lastPointAt) <= targetOf(computer) * (1 + graceShare));
  const proven = computers.filter((computer) => computer.lastProof !== null && nowMs - Date.parse(computer.lastProof.at) <= proofTargetMs);
  return `${wholeNumber(restorable.length)} of ${wholeNumber(computers.length)} ${computers.length === 1 ? 'machine' : 'machines'} restorable inside target · ${wholeNumber(proven.length)} proven in 30 d`;
}

/** Where the target's tick stands on every age bar, as a share of its width; the same place in each row makes lateness visible down the column. */
export const targetTickAt = 0.6;

/** The length of an age bar as a share of its width. An age that runs off the end is cut and says so. */
export function ageBar(ageMs: number, targetMs: number): Readonly<{ length: number; cut: boolean; over: boolean }> {
  const length = (Math.max(0, ageMs) / targetMs) * targetTickAt;
  return { length: Math.min(1, length), cut: length > 1, over: ageMs > targetMs };
}

/** An age in its largest unit only, so that a column of them can be compared at a glance: "16 d", "5 h", "<1 min". */
export function briefAge(ageMs: number): string {
  const words = formatAge(Math.max(0, ageMs)).split(' ');
  return words[0] === 'under' ? '<1 min' : words.slice(0, 2).join(' ');
}

/** How many rows stand elsewhere in `next` than in `shown`, new and vanished ones included. */
export function countMoved(shown: readonly string[], next: readonly string[]): number {
  let moved = 0;
  for (let place = 0; place < Math.max(shown.length, next.length); place += 1) if (shown[place] !== next[place]) moved += 1;
  return moved;
}
