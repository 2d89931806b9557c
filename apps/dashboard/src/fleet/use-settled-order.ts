import { useState } from 'react';
import { countMoved } from './arrange-fleet.js';

/**
 * Keeps rows from jumping under the pointer: while `held`, the order stays as it was and `moved` says how many rows wait to move.
 * A new `key` (another filter or sort) always takes effect, since the person asked for it.
 */
export function useSettledOrder(ids: readonly string[], options: Readonly<{ key: string; held: boolean }>): Readonly<{ ids: readonly string[]; moved: number; settle: () => void }> {
  const [shown, setShown] = useState({ key: options.key, ids });
  const settle = (): void => { setShown({ key: options.key, ids }); };
  const moved = countMoved(shown.ids, ids);
  if (shown.key !== options.key || (!options.held && moved > 0)) {
    settle();
    return { ids, moved: 0, settle };
  }
  return { ids: shown.ids, moved, settle };
}
