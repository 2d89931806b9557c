import { exactBytes, formatBytes } from '../format/bytes.js';
import { formatAgo, formatMoment, formatShortMoment } from '../format/time.js';
import { useNow } from '../format/use-now.js';

/** A byte count in IEC units; the exact number is its tooltip. */
export function Bytes({ value }: Readonly<{ value: number }>) {
  return <span title={exactBytes(value)}>{formatBytes(value)}</span>;
}

/** How long ago something was, ticking; the moment itself is the tooltip. */
export function Ago({ at }: Readonly<{ at: string }>) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatMoment(Date.parse(at))}>
      {formatAgo(Date.parse(at), now)}
    </time>
  );
}

/** A moment as lists show it; weekday and zone are in the tooltip. */
export function Moment({ at }: Readonly<{ at: string }>) {
  const now = useNow(60_000);
  return (
    <time dateTime={at} title={formatMoment(Date.parse(at))}>
      {formatShortMoment(Date.parse(at), now)}
    </time>
  );
}
