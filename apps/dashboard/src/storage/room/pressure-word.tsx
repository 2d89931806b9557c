import type { Pressure } from '@lifeboat/protocol';
import type { ReactElement } from 'react';
import { pressureSentences, pressureWords } from './pressure-words.js';
import classes from './room.module.css';

/** Each shape differs in outline, so that the state is told without colour. */
const shapes: Readonly<Record<Pressure, ReactElement>> = {
  green: (
    <>
      <circle cx="8" cy="8" r="7.5" fill="currentColor" />
      <path d="M4.6 8.3l2.4 2.4 4.5-5" className={classes.mark} />
    </>
  ),
  yellow: (
    <path d="M8 2 14.6 14.2H1.4z" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" />
  ),
  orange: (
    <>
      <path d="M8 .8 15.6 15H.4z" fill="currentColor" strokeLinejoin="round" />
      <path d="M8 6v4.2M8 12.4v.2" className={classes.mark} />
    </>
  ),
  red: (
    <>
      <path d="M4.9.5h6.2l4.4 4.4v6.2l-4.4 4.4H4.9L.5 11.1V4.9z" fill="currentColor" />
      <path d="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4" className={classes.mark} />
    </>
  ),
};

/** Glyph and word of how tight room is, together as always. */
export function PressureWord({ pressure }: Readonly<{ pressure: Pressure }>) {
  return (
    <span className={classes.pressure} data-pressure={pressure} title={pressureSentences[pressure]}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{shapes[pressure]}</svg>
      {pressureWords[pressure]}
    </span>
  );
}
