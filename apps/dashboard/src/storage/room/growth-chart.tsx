import { Button } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import type { StoreHistory, StoreStatus } from '@lifeboat/protocol';
import { scaleTime } from '@visx/scale';
import { useMemo, useState } from 'react';
import type { z } from 'zod';
import { formatBytes } from '../../format/bytes.js';
import { useNow } from '../../format/use-now.js';
import { Bytes, Moment } from '../../ui/quantities.js';
import table from '../../ui/table.module.css';
import { backTestSentence, forecastBand, forecastSentence, growthScale, placeOf, pointsOf, thinSamples } from './growth-geometry.js';
import classes from './room.module.css';

type Samples = z.infer<typeof StoreHistory>['samples'];
const height = 180;
const axisHeight = 22;
const rowsMax = 30;

const dayOf = (at: string): string => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(at));
const briefDay = (at: Date): string => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(at);

/** How the store filled up, and the band in which it goes on; the sentence above says the same. */
export function GrowthChart({ store, samples }: Readonly<{ store: StoreStatus; samples: Samples }>) {
  const [asTable, setAsTable] = useState(false);
  return (
    <div role="figure" aria-label="Growth and forecast">
      <p>{forecastSentence(store.forecast, dayOf)}.</p>
      <p className={classes.muted}>{backTestSentence(store.forecast?.lastMonth ?? null)}.</p>
      {samples.length < 2 ? <p className={classes.muted}>Not enough history to draw yet.</p> : <Drawing store={store} samples={samples} />}
      {samples.length > 0 && (
        <Button size="xs" variant="default" aria-expanded={asTable} onClick={() => { setAsTable(!asTable); }}>
          {asTable ? 'Hide the table' : 'Show as table'}
        </Button>
      )}
      {asTable && <SampleTable samples={samples} />}
    </div>
  );
}

function Drawing({ store, samples }: Readonly<{ store: StoreStatus; samples: Samples }>) {
  const now = useNow(600_000);
  const { ref, width } = useElementSize();
  const area = useMemo(() => ({ width: Math.max(1, width), height }), [width]);
  const scale = useMemo(() => growthScale(samples, store.forecast, { nowMs: now, sizeBytes: store.sizeBytes }), [samples, store.forecast, store.sizeBytes, now]);
  const used = useMemo(() => thinSamples(samples).map((sample) => placeOf(scale, area, { atMs: Date.parse(sample.at), bytes: sample.usedBytes })), [samples, scale, area]);
  const fullAt = store.forecast?.fullAt ?? null;
  const band = fullAt === null ? null : forecastBand(scale, area, { usedBytes: samples.at(-1)?.usedBytes ?? 0, fullBytes: store.sizeBytes - (store.watermarks?.reserveBytes ?? 0), fullAt });
  const times = scaleTime({ domain: [scale.fromMs, scale.toMs], range: [0, area.width] });
  const size = placeOf(scale, area, { atMs: scale.fromMs, bytes: store.sizeBytes }).y + 1;
  const today = placeOf(scale, area, { atMs: now, bytes: 0 }).x;
  return (
    <div ref={ref} className={classes.chart}>
      <svg width={width} height={height + axisHeight} aria-hidden="true">
        <defs>
          <pattern id="forecast" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="1.5" height="5" className={classes.bandStripe} />
          </pattern>
        </defs>
        {times.ticks(Math.max(2, Math.floor(area.width / 110))).map((tick) => (
          <g key={tick.getTime()}>
            <line className={classes.grid} x1={times(tick)} x2={times(tick)} y1={0} y2={height} />
            <text className={classes.tick} x={Math.min(area.width - 20, Math.max(20, times(tick)))} y={height + 16} textAnchor="middle">{briefDay(tick)}</text>
          </g>
        ))}
        {band !== null && <polygon className={classes.band} points={pointsOf(band.outline)} />}
        {band !== null && <polyline className={classes.middle} points={pointsOf(band.middle)} />}
        <line className={classes.size} x1={0} x2={area.width} y1={size} y2={size} />
        <text className={classes.tick} x={2} y={size + 14}>{formatBytes(store.sizeBytes)}</text>
        <line className={classes.size} x1={today} x2={today} y1={0} y2={height} />
        <polyline className={classes.used} points={pointsOf(used)} />
      </svg>
    </div>
  );
}

function SampleTable({ samples }: Readonly<{ samples: Samples }>) {
  const step = Math.max(1, Math.ceil(samples.length / rowsMax));
  return (
    <table className={table.table} role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Measured</th>
          {['Used', 'Free', 'Reclaimable'].map((label) => <th key={label} role="columnheader" scope="col" data-numeric>{label}</th>)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {samples.toReversed().filter((_, place) => place % step === 0).map((sample) => (
          <tr key={sample.at} role="row">
            <th role="rowheader" scope="row"><Moment at={sample.at} /></th>
            <td role="cell" data-label="Used" data-numeric><Bytes value={sample.usedBytes} /></td>
            <td role="cell" data-label="Free" data-numeric><Bytes value={sample.freeBytes} /></td>
            <td role="cell" data-label="Reclaimable" data-numeric><Bytes value={sample.reclaimableBytes} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
