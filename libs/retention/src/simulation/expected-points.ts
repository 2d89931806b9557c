import { RestorePointId } from '@lifeboat/model';
import type { RetentionMachine, RetentionPoint } from '../state/retention-state.js';

/** How a machine makes points, by its recent past. */
export type PointRhythm = Readonly<{ intervalMs: number; storedBytes: number; lastAtMs: number; template: RetentionPoint }>;

const recentPoints = 12;
const minPoints = 3;
const intervalMinMs = 60_000;

/** The rhythm in which a machine will go on, or null when nobody can say: too few points, silent, or under an anomaly. */
export function rhythmOf(machine: RetentionMachine): PointRhythm | null {
  const recent = machine.points.filter((point) => point.condemned === null).slice(-recentPoints);
  const template = recent.at(-1);
  if (template === undefined || recent.length < minPoints || machine.silent || machine.anomaly) return null;
  const gaps = recent.slice(1).map((point, index) => point.createdAtMs - (recent[index]?.createdAtMs ?? point.createdAtMs));
  return { intervalMs: Math.max(intervalMinMs, medianOf(gaps)), storedBytes: medianOf(recent.map((point) => point.storedBytes)), lastAtMs: template.createdAtMs, template };
}

/** The machine with a point more, as its rhythm lets expect it. `number` makes the id unique. */
export function withExpectedPoint(machine: RetentionMachine, rhythm: PointRhythm, expected: Readonly<{ number: number; createdAtMs: number }>): RetentionMachine {
  const seq = (machine.points.at(-1)?.seq ?? 0) + 1;
  const { storedBytes } = rhythm;
  const point: RetentionPoint = {
    ...rhythm.template, pointId: RestorePointId.parse(`ffffffffffffffff${expected.number.toString(16).padStart(16, '0')}`), seq, createdAtMs: expected.createdAtMs, state: 'good', storedBytes,
    proofLevel: null, pinnedUntilMs: null, held: false, immutableUntilMs: null, inUse: false, condemned: null, approval: 'none', lastBeforeLayoutChange: false, lastBeforeOsChange: false, lastBeforeAnomaly: false,
    sizes: { uniqueBytes: storedBytes },
  };
  const exclusive = machine.exclusive === null ? null : [...machine.exclusive, { firstSeq: seq, lastSeq: seq, bytes: storedBytes }];
  return { ...machine, points: [...machine.points, point], exclusive };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
