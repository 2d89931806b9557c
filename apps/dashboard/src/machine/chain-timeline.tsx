import { ActionIcon } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { Version } from '@lifeboat/protocol';
import { scaleTime } from '@visx/scale';
import { type KeyboardEvent, type MouseEvent, useMemo } from 'react';
import { formatBytes } from '../format/bytes.js';
import { formatShortMoment } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import classes from './machine.module.css';
import { type TimelineRange, layoutBars, nearestBar, pointWords, timeWindow } from './timeline-geometry.js';

const barsHeight = 160;
const axisHeight = 34;
const top = 10;

type Props = Readonly<{ points: readonly Version[]; selected: number; onSelect: (index: number) => void; range: TimelineRange }>;

/**
 * The restore points as bars over time: full ones tall, incremental ones by what changed. One stop for the keyboard: arrows, Home and End move
 * the selection, as do `[` and `]` anywhere on the page.
 */
export function ChainTimeline({ points, selected, onSelect, range }: Props) {
  const now = useNow(60_000);
  const { ref, width } = useElementSize();
  const first = points[0];
  const window = useMemo(() => timeWindow(range, first === undefined ? null : Date.parse(first.createdAt), now), [range, first, now]);
  const bars = useMemo(() => (width === 0 ? [] : layoutBars(points, { window, width, height: barsHeight }, selected)), [points, window, width, selected]);
  const point = points[selected];
  const describe = (index: number): string => {
    const told = points[index];
    return told === undefined ? '' : pointWords(told, { moment: formatShortMoment(Date.parse(told.createdAt), now), changed: formatBytes(told.bytes.changed), used: formatBytes(told.bytes.used) });
  };
  const onClick = (event: MouseEvent<HTMLDivElement>): void => {
    const bar = nearestBar(bars, event.clientX - event.currentTarget.getBoundingClientRect().left);
    if (bar !== undefined) onSelect(bar.index);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = ({ ArrowLeft: selected - 1, ArrowDown: selected - 1, ArrowRight: selected + 1, ArrowUp: selected + 1, Home: 0, End: points.length - 1 } as Partial<Record<string, number>>)[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onSelect(to);
  };
  const full = points.filter((entry) => entry.kind === 'full').length;
  const damaged = points.filter((entry) => entry.state !== 'good').length;
  const hidden = points.length - bars.reduce((sum, bar) => sum + 1 + bar.others, 0);
  return (
    <div role="figure" aria-label="Restore points over time">
      <p className={classes.muted}>
        {points.length} {points.length === 1 ? 'point' : 'points'}: {full} full, {points.length - full} incremental{damaged > 0 && <>, <strong className={classes.bad}>{damaged} not good</strong></>}
        {width > 0 && hidden > 0 && `; ${String(hidden)} outside the time shown`}.
      </p>
      <div
        ref={ref}
        className={classes.timeline}
        role="slider"
        tabIndex={0}
        aria-label="Selected restore point"
        aria-valuemin={1}
        aria-valuemax={points.length}
        aria-valuenow={selected + 1}
        aria-valuetext={describe(selected)}
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        <svg width={width} height={top + barsHeight + axisHeight} aria-hidden="true">
          <defs>
            <pattern id="suspect" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="2.5" height="5" className={classes.suspectStripe} />
            </pattern>
          </defs>
          <Axis window={window} width={width} />
          {bars.map((bar) => {
            const shown = points[bar.index];
            if (shown === undefined) return null;
            const y = top + barsHeight - bar.height;
            return (
              <g key={shown.id} className={classes.point} data-state={shown.state} data-kind={shown.kind} data-selected={bar.index === selected || undefined}>
                <title>{describe(bar.index) + (bar.others > 0 ? ` (and ${String(bar.others)} more close by)` : '')}</title>
                <rect className={classes.hit} x={bar.x - 1} y={0} width={bar.width + 2} height={top + barsHeight + 14} />
                <rect className={classes.bar} x={bar.x} y={y} width={bar.width} height={bar.height} rx={1} />
                {shown.state === 'damaged' && <path className={classes.broken} d={`M${String(bar.x - 1)} ${String(y - 8)}l6 6m0 -6l-6 6`} />}
                {shown.proof !== null && <path className={classes.proof} d={`M${String(bar.x + bar.width / 2)} ${String(top + barsHeight + 4)}l4 4 -4 4 -4 -4z`} />}
                {bar.index === selected && <path className={classes.pointer} d={`M${String(bar.x + bar.width / 2)} ${String(top + barsHeight + 2)}l5 7h-10z`} />}
              </g>
            );
          })}
        </svg>
      </div>
      <div className={classes.stepper}>
        <ActionIcon variant="default" size={28} aria-label="Previous point" title="Previous point  [" disabled={selected === 0} onClick={() => { onSelect(selected - 1); }}>
          <IconChevronLeft size={16} aria-hidden="true" />
        </ActionIcon>
        <span className={classes.stepperText}>{point === undefined ? '' : formatShortMoment(Date.parse(point.createdAt), now)}</span>
        <ActionIcon variant="default" size={28} aria-label="Next point" title="Next point  ]" disabled={selected === points.length - 1} onClick={() => { onSelect(selected + 1); }}>
          <IconChevronRight size={16} aria-hidden="true" />
        </ActionIcon>
        <span className={classes.legend} aria-hidden="true">
          <span><i data-kind="full" /> full</span>
          <span><i data-kind="incremental" /> incremental, by √changed</span>
          {damaged > 0 && <span><i data-kind="suspect" /> suspect</span>}
          {damaged > 0 && <span><i data-kind="damaged" /> damaged</span>}
          {points.some((entry) => entry.proof !== null) && <span><b>◆</b> drill passed</span>}
        </span>
      </div>
    </div>
  );
}

function Axis({ window, width }: Readonly<{ window: Readonly<{ fromMs: number; toMs: number }>; width: number }>) {
  const scale = scaleTime({ domain: [window.fromMs, window.toMs], range: [0, width] });
  const ticks = scale.ticks(Math.max(2, Math.floor(width / 110)));
  const y = top + barsHeight;
  return (
    <g>
      <line className={classes.axis} x1={0} x2={width} y1={y + 0.5} y2={y + 0.5} />
      {ticks.map((tick) => {
        const x = scale(tick);
        return (
          <g key={tick.getTime()}>
            <line className={classes.gridLine} x1={x} x2={x} y1={top} y2={y} />
            <text className={classes.tick} x={Math.min(width - 24, Math.max(24, x))} y={y + 28} textAnchor="middle">
              {tickLabel(tick)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function tickLabel(tick: Date): string {
  if (tick.getHours() !== 0 || tick.getMinutes() !== 0) return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(tick);
  if (tick.getDate() === 1 && tick.getMonth() === 0) return String(tick.getFullYear());
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(tick);
}
