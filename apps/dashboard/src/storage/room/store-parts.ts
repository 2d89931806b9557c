import type { StoreStatus } from '@lifeboat/protocol';

/** What a stretch of the store's room is. `live` stands for unique and shared where these are not measured yet. */
export type PartKind = 'unique' | 'shared' | 'live' | 'reclaimable' | 'other' | 'free' | 'reserve';

/** A stretch of the bar; `share` of the whole, 0..1. */
export type StorePart = Readonly<{ kind: PartKind; bytes: number; share: number }>;

/** What each part is, for the legend. */
export const partWords: Readonly<Record<PartKind, Readonly<{ name: string; text: string }>>> = {
  unique: { name: 'unique', text: 'needed by points of one machine only' },
  shared: { name: 'shared', text: 'needed by points of several machines' },
  live: { name: 'in use', text: 'needed by restore points' },
  reclaimable: { name: 'reclaimable', text: 'needed by no point any more; garbage collection gives it back' },
  other: { name: 'other', text: 'the store’s own lists, and whatever else lies on this filesystem' },
  free: { name: 'free', text: 'what backups may use' },
  reserve: { name: 'reserve', text: 'free, but kept so that the store can always delete and tidy up' },
};

/**
 * Divides the room of a store into stretches, fullest use first, free room last. They add up to its size exactly: what is measured at different moments is cut where it would not fit.
 */
export function storeParts(store: StoreStatus): readonly StorePart[] {
  const { sizeBytes, liveBytes } = store;
  if (sizeBytes <= 0) return [];
  const freeBytes = Math.min(sizeBytes, Math.max(0, store.freeBytes));
  const exclusive = store.exclusiveBytes ?? null;
  const shared = store.sharedBytes ?? null;
  const wanted: (readonly [PartKind, number])[] = [
    ...(exclusive === null || shared === null ? [['live', liveBytes] as const] : [['unique', exclusive] as const, ['shared', shared] as const]),
    ['reclaimable', store.reclaimableBytes ?? 0],
  ];
  const parts: StorePart[] = [];
  const add = (kind: PartKind, bytes: number): void => { if (bytes > 0) parts.push({ kind, bytes, share: bytes / sizeBytes }); };
  let left = sizeBytes - freeBytes;
  for (const [kind, bytes] of wanted) {
    const fits = Math.min(left, Math.max(0, bytes));
    add(kind, fits);
    left -= fits;
  }
  add('other', left);
  const reserve = Math.min(freeBytes, store.watermarks?.reserveBytes ?? 0);
  add('free', freeBytes - reserve);
  add('reserve', reserve);
  return parts;
}
