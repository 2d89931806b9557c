import type { Pressure, StoreStatus } from '@lifeboat/protocol';

/** The word beside each state's glyph. */
export const pressureWords: Readonly<Record<Pressure, string>> = { green: 'Green', yellow: 'Yellow', orange: 'Orange', red: 'Red' };

/** What each state means for backups and points. */
export const pressureSentences: Readonly<Record<Pressure, string>> = {
  green: 'There is room. Points go by their policy only.',
  yellow: 'Room is getting tight: points go until the green mark is reached, the machine that is furthest over its share first. What is deleted can be brought back for a day.',
  orange: 'Room is tight: points go until the green mark is reached, and what is deleted can be brought back for an hour only.',
  red: 'No room: new backups wait until points outside the guard rails have made some. What is deleted is gone at once.',
};

/** A mark on the bar of the store: below this much free room something else begins. */
export type Rung = Readonly<{ key: Pressure | 'reserve'; freeBytes: number; share: number; text: string }>;

/** The marks of a store, roomiest first; `share` is where they stand on a bar that fills from the left, 0..1. */
export function rungsOf({ watermarks, sizeBytes }: Pick<StoreStatus, 'watermarks' | 'sizeBytes'>): readonly Rung[] {
  if (watermarks === null || sizeBytes <= 0) return [];
  const rung = (key: Rung['key'], freeBytes: number, text: string): Rung => ({ key, freeBytes, share: Math.min(1, Math.max(0, 1 - freeBytes / sizeBytes)), text });
  return [
    rung('green', watermarks.greenFreeBytes, 'thinning ends here'),
    rung('yellow', watermarks.yellowFreeBytes, 'below: points are thinned'),
    rung('orange', watermarks.orangeFreeBytes, 'below: an hour to bring points back'),
    rung('reserve', watermarks.reserveBytes, 'below is red: new backups wait'),
  ];
}

/** What the numbers under the bar mean; ratios are useless without it. */
export function ratioSentences(store: Pick<StoreStatus, 'dedupRatio' | 'compressionRatio'>): readonly string[] {
  const times = (ratio: number): string => `${ratio.toFixed(1)}×`;
  return [
    ...(store.dedupRatio === null ? [] : [`dedup ${times(store.dedupRatio)} (used bytes of all points ÷ bytes kept once)`]),
    ...(store.compressionRatio === null ? [] : [`compression ${times(store.compressionRatio)} (bytes kept once ÷ bytes on disk)`]),
  ];
}
