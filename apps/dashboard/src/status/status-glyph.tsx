import type { MachineState } from '@lifeboat/model';
import type { ReactElement } from 'react';
import { stateMeanings, stateWords } from './state-words.js';
import classes from './status.module.css';

/** Each shape differs in outline, so that a state is told without colour: filled shapes for verdicts, hollow ones for waiting. */
const shapes: Readonly<Record<MachineState, ReactElement>> = {
  protected: (
    <>
      <circle cx="8" cy="8" r="7.5" fill="currentColor" />
      <path d="M4.6 8.3l2.4 2.4 4.5-5" className={classes.mark} strokeWidth="1.8" />
    </>
  ),
  late: (
    <>
      <path d="M8 .8 15.6 15H.4z" fill="currentColor" strokeLinejoin="round" />
      <path d="M8 6v4.2M8 12.4v.2" className={classes.mark} strokeWidth="1.8" />
    </>
  ),
  at_risk: (
    <>
      <path d="M4.9.5h6.2l4.4 4.4v6.2l-4.4 4.4H4.9L.5 11.1V4.9z" fill="currentColor" />
      <path d="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4" className={classes.mark} strokeWidth="1.8" />
    </>
  ),
  unproven: (
    <>
      <path d="M8 0l8 8-8 8-8-8z" fill="currentColor" />
      <path d="M5.9 6.2a2.1 2.1 0 1 1 3.1 1.85c-.7.4-1 .75-1 1.45M8 11.9v.1" className={classes.mark} strokeWidth="1.5" />
    </>
  ),
  pending: <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" strokeWidth="1.8" strokeDasharray="3.1 2" />,
  paused: <path d="M5 2.5v11M11 2.5v11" fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />,
};

/** The glyph of a state, 16 px, without a name of its own: it always stands beside the word. */
export function StatusGlyph({ state, size = 16 }: Readonly<{ state: MachineState; size?: number }>) {
  return (
    <svg className={classes.glyph} data-state={state} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[state]}
    </svg>
  );
}

/** Glyph and word together, the way a state is always shown. */
export function StatusWord({ state }: Readonly<{ state: MachineState }>) {
  return (
    <span className={classes.word} data-state={state} title={stateMeanings[state]}>
      <StatusGlyph state={state} />
      {stateWords[state]}
    </span>
  );
}
