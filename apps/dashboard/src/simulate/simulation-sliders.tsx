import { Slider } from '@mantine/core';
import type { StoreSettings } from '@lifeboat/model';
import { useId, useState } from 'react';
import { formatBytes } from '../format/bytes.js';
import { type SimulationChoice, type SimulationSearch, daysAheadMax, floorPercentMax, settingsWithFloor } from './simulation-choice.js';
import classes from './simulate.module.css';

type Props = Readonly<{ settings: StoreSettings; choice: SimulationChoice; sizeBytes: number; bytesPerDay: number | null; onChange: (part: SimulationSearch) => void }>;

/** Room that must stay free, and how far ahead to look. Arrow keys move them; the plan follows when they rest. */
export function SimulationSliders({ settings, choice, sizeBytes, bytesPerDay, onChange }: Props) {
  const [floor, setFloor] = useState(choice.floorPercent ?? settings.yellowFreePercent);
  const [daysAhead, setDaysAhead] = useState(choice.daysAhead);
  const { greenFreePercent } = settingsWithFloor(settings, floor);
  const growth = bytesPerDay === null || bytesPerDay <= 0 ? 'The store is taken to stay as full as it is: growth is not known.' : `The store is taken to grow by ${formatBytes(bytesPerDay)} a day, as it did.`;
  return (
    <div className={classes.sliders}>
      <LabelledSlider
        label="Free-space floor" value={floor} max={floorPercentMax} words={`${String(floor)} %`}
        note={`Below ${String(floor)} % free (${formatBytes((sizeBytes * floor) / 100)}) points are thinned until ${String(greenFreePercent)} % are free.${floor === settings.yellowFreePercent ? ' As in force now.' : ` Now ${String(settings.yellowFreePercent)} %.`}`}
        onChange={(value) => { setFloor(value); onChange({ floor: value === settings.yellowFreePercent ? undefined : value }); }}
      />
      <LabelledSlider
        label="Days ahead" value={daysAhead} max={daysAheadMax} words={daysAhead === 0 ? 'now' : `${String(daysAhead)} d`} note={daysAhead === 0 ? 'As of now.' : growth}
        onChange={(value) => { setDaysAhead(value); onChange({ days: value === 0 ? undefined : value }); }}
      />
    </div>
  );
}

function LabelledSlider({ label, value, max, words, note, onChange }: Readonly<{ label: string; value: number; max: number; words: string; note: string; onChange: (value: number) => void }>) {
  const id = useId();
  return (
    <div>
      <p className={classes.sliderLabel}><span id={id}>{label}</span> <strong>{words}</strong></p>
      <Slider value={value} onChange={onChange} min={0} max={max} step={1} label={null} thumbLabel={label} thumbProps={{ 'aria-valuetext': words }} classNames={{ thumb: classes.thumb ?? '', bar: classes.track ?? '' }} />
      <p className={classes.muted}>{note}</p>
    </div>
  );
}
