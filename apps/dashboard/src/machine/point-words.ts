import type { Consistency, PointState } from '@lifeboat/model';

/** How far the bytes of a point belong to one moment, in words. */
export const consistencyWords: Readonly<Record<Consistency, string>> = {
  offline: 'offline, nothing was mounted', crash: 'as after a power cut', filesystem: 'filesystem consistent', application: 'application consistent',
};

/** The same in one word, for tables. */
export const consistencyBrief: Readonly<Record<Consistency, string>> = { offline: 'offline', crash: 'crash', filesystem: 'filesystem', application: 'application' };

/** What the state of a point means for restoring it. */
export function stateSentence(state: PointState): string {
  switch (state) {
    case 'good': return 'Good: would restore now.';
    case 'suspect': return 'Suspect: may be incomplete or inconsistent. It never replaces a good point.';
    case 'damaged': return 'Damaged: parts of it do not verify. What is intact can still be restored.';
  }
}
