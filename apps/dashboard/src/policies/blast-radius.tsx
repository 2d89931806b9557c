import type { BlastRadius } from '@lifeboat/protocol';
import { wholeNumber } from '../format/bytes.js';
import { Bytes, Moment } from '../ui/quantities.js';
import table from '../ui/table.module.css';
import classes from './policies.module.css';

const pointsShown = 50;
const machinesShown = 5;

/** What saving would change within seven days: machines, points that would go, and what that frees. */
export function BlastRadiusView({ radius }: Readonly<{ radius: BlastRadius }>) {
  const { computers, deleted, kept } = radius;
  const names = computers.slice(0, machinesShown).map(({ computer }) => computer).join(', ');
  return (
    <div className={classes.radius}>
      <p>
        <strong>{wholeNumber(computers.length)}</strong> {computers.length === 1 ? 'machine changes' : 'machines change'}{computers.length > 0 && `: ${names}${computers.length > machinesShown ? ` and ${wholeNumber(computers.length - machinesShown)} more` : ''}`}.
      </p>
      <p>
        Within seven days <strong>{wholeNumber(deleted.length)}</strong> {deleted.length === 1 ? 'point' : 'points'} would go that {deleted.length === 1 ? 'stays' : 'stay'} now{deleted.length > 0 && <>, which frees <Bytes value={radius.freedBytes} /></>}; {wholeNumber(kept)} would stay that {kept === 1 ? 'goes' : 'go'} now.
      </p>
      {deleted.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label="Points that would go">
          <table className={table.table} role="table">
            <thead role="rowgroup">
              <tr role="row">
                {['Machine', 'Point', 'Why'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}
                <th role="columnheader" scope="col" data-numeric>Frees</th>
              </tr>
            </thead>
            <tbody role="rowgroup">
              {deleted.slice(0, pointsShown).map((point) => (
                <tr key={point.id} role="row">
                  <td role="cell" data-label="Machine">{point.computer}</td>
                  <td role="cell" data-label="Point"><Moment at={point.createdAt} /></td>
                  <td role="cell" data-label="Why">{point.reason}</td>
                  <td role="cell" data-label="Frees" data-numeric><Bytes value={point.uniqueBytes} /></td>
                </tr>
              ))}
            </tbody>
          </table>
          {deleted.length > pointsShown && <p className={classes.muted}>and {wholeNumber(deleted.length - pointsShown)} more</p>}
        </div>
      )}
    </div>
  );
}
