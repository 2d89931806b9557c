import type { MachineState } from '@lifeboat/model';
import { wholeNumber } from '../format/bytes.js';
import { StatusGlyph } from '../status/status-glyph.js';
import { stateMeanings, stateWords, statesByUrgency } from '../status/state-words.js';
import classes from './fleet.module.css';

/** Six counts that filter the list below; several can be on at once. */
export function StateTiles({ counts, chosen, onToggle }: Readonly<{ counts: Readonly<Record<MachineState, number>>; chosen: readonly MachineState[]; onToggle: (state: MachineState) => void }>) {
  return (
    <div className={classes.tiles} role="group" aria-label="Filter by state">
      {statesByUrgency.map((state) => (
        <button
          key={state}
          type="button"
          className={classes.tile}
          data-state={state}
          data-none={counts[state] === 0 || undefined}
          aria-pressed={chosen.includes(state)}
          title={stateMeanings[state]}
          onClick={() => { onToggle(state); }}
        >
          <span className={classes.tileWord}>
            <StatusGlyph state={state} />
            {stateWords[state]}
          </span>
          <span className={classes.tileCount}>{wholeNumber(counts[state])}</span>
        </button>
      ))}
    </div>
  );
}
