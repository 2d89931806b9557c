import { formatAge } from '@lifeboat/model';
import { formatSpan } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { ageBar, briefAge, targetTickAt } from './arrange-fleet.js';
import classes from './fleet.module.css';

const width = 72;

/** How old the newest restore point is, drawn against its target: the tick is the target, a notch at the end says that the bar goes on. */
export function AgeBar({ at, targetMs }: Readonly<{ at: string | null; targetMs: number }>) {
  const now = useNow(60_000);
  if (at === null) return <span className={classes.muted}>no restore point</span>;
  const ageMs = Math.max(0, now - Date.parse(at));
  const bar = ageBar(ageMs, targetMs);
  return (
    <span className={classes.age} title={`Newest restore point ${formatAge(ageMs)} old, target ${formatSpan(targetMs)}`}>
      <svg width={width} height="14" viewBox={`0 0 ${String(width)} 14`} aria-hidden="true" className={classes.ageBar} data-over={bar.over || undefined}>
        <rect x="0" y="4" width={width} height="6" rx="1" className={classes.ageTrack} />
        <rect x="0" y="4" width={Math.max(2, bar.length * width)} height="6" rx="1" className={classes.ageFill} />
        {bar.cut && <path d={`M${String(width - 8)} 3l-3 8M${String(width - 5)} 3l-3 8`} className={classes.ageCut} />}
        <rect x={targetTickAt * width - 1} y="0" width="2" height="14" className={classes.ageTick} />
      </svg>
      <span className={classes.ageText}>
        {briefAge(ageMs)} <span className={classes.muted}>/ {formatSpan(targetMs)}</span>
      </span>
    </span>
  );
}
