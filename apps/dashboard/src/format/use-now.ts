import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      for (const notify of listeners) notify();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/**
 * The browser's clock in milliseconds, cut to a multiple of `stepMs` (5 s unless told) so that a page is not drawn anew more often
 * than its texts change. All users share one timer.
 */
export function useNow(stepMs = 5000): number {
  return useSyncExternalStore(subscribe, () => nowMs - (nowMs % stepMs));
}
