import type { StoreStatus } from '@lifeboat/protocol';
import { exactBytes, formatBytes, threeDigits } from '../../format/bytes.js';
import { Bytes } from '../../ui/quantities.js';
import { PressureWord } from './pressure-word.js';
import { pressureSentences, pressureWords, ratioSentences, rungsOf } from './pressure-words.js';
import classes from './room.module.css';
import { partWords, storeParts } from './store-parts.js';

/** What the room of the store is used for, how tight it is and where the marks stand; named by mount point and device, so that it is not taken for another disk. */
export function StoreBar({ store }: Readonly<{ store: StoreStatus }>) {
  const parts = storeParts(store);
  const rungs = rungsOf(store);
  const storedBytes = store.liveBytes + (store.reclaimableBytes ?? 0);
  return (
    <div className={classes.store}>
      <p className={classes.place}>
        <strong>{store.path}</strong>
        <span className={classes.muted}>
          on {store.mountPoint ?? 'its filesystem'} ({store.device}), <Bytes value={store.sizeBytes} />{store.quotaBytes !== null && store.quotaBytes !== undefined && ' by its quota'}
        </span>
      </p>
      <p className={classes.state}><PressureWord pressure={store.pressure} /> <span>{pressureSentences[store.pressure]}</span></p>
      <div className={classes.bar} role="img" aria-label={`Room of the store: ${parts.map((part) => `${partWords[part.kind].name} ${formatBytes(part.bytes)}`).join(', ')}`}>
        <div className={classes.parts}>
          {parts.map((part) => <span key={part.kind} data-part={part.kind} style={{ width: `${String(part.share * 100)}%` }} title={`${partWords[part.kind].name}: ${exactBytes(part.bytes)}`} />)}
        </div>
        {rungs.map((rung) => <span key={rung.key} className={classes.rung} style={{ left: `${String(rung.share * 100)}%` }} />)}
      </div>
      <ul className={classes.legend} aria-label="Parts of the bar">
        {parts.map((part) => (
          <li key={part.kind}>
            <i data-part={part.kind} aria-hidden="true" />
            <span><Bytes value={part.bytes} /> {partWords[part.kind].name} <span className={classes.muted}>{partWords[part.kind].text}</span></span>
          </li>
        ))}
      </ul>
      {rungs.length > 0 && (
        <ol className={classes.rungs} aria-label="Marks on the bar">
          {rungs.map((rung) => (
            <li key={rung.key}>
              <strong>{threeDigits((100 * rung.freeBytes) / store.sizeBytes)} %</strong> free, {rung.key === 'reserve' ? 'reserve' : pressureWords[rung.key].toLowerCase()}: <span className={classes.muted}>{rung.text}</span>
            </li>
          ))}
        </ol>
      )}
      <p>
        <Bytes value={store.logicalBytes} /> in all points → <Bytes value={storedBytes} /> stored{ratioSentences(store).map((sentence) => <span key={sentence}> · {sentence}</span>)}
      </p>
    </div>
  );
}
