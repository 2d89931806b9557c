import type { Version } from '@lifeboat/protocol';

/** Marks of a point, in the order of what matters most; each is a word that stands in tables. */
export function pointMarks(point: Version): readonly string[] {
  return [
    ...(point.deleted ? ['deleted'] : []),
    ...(point.held ? ['held'] : []),
    ...(point.immutableUntil ? ['immutable'] : []),
    ...(point.pinned ? ['pinned'] : []),
    ...(point.mark && point.state !== 'good' ? ['marked'] : []),
  ];
}

/** What becomes of a point, in a few words for a cell: why it goes, else why it stays. */
export function fateOf(point: Version): Readonly<{ stays: boolean; text: string }> {
  if (point.deleted) return { stays: false, text: `deleted: ${point.deleted.reason}` };
  if (point.goes !== null && point.goes !== undefined) return { stays: false, text: point.goes };
  const [first, ...others] = point.kept;
  if (first === undefined) return { stays: true, text: 'not judged yet' };
  return { stays: true, text: others.length === 0 ? first : `${first}, and ${String(others.length)} more` };
}

/** The last moment of a day given as `2026-12-31`, in the browser's time zone; null when it is no day. */
export function endOfDay(day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const atMs = new Date(`${day}T23:59:59`).getTime();
  return Number.isFinite(atMs) ? atMs : null;
}
