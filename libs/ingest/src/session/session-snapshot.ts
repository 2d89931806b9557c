import type { Digest, MapCounts } from '@lifeboat/model';
import type { BatchFrame, SessionVolume, VolumeEndFrame } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { SessionCounters } from '../ingest.js';
import type { JournalFrame } from '../journal/journal-format.js';

/** How far one volume has come. `ended` is set by its volume-end. */
export type VolumeProgress = Readonly<{ coveredBytes: number; ended: Readonly<{ mapRoot: Digest; counts: MapCounts }> | null }>;

/** A session after frame `seq`: what is remembered of the frames without their entries. */
export type SessionSnapshot = Readonly<{ seq: number; volumes: readonly VolumeProgress[]; counters: SessionCounters }>;

/** A session that has taken nothing. */
export const emptySnapshot = (volumes: readonly z.infer<typeof SessionVolume>[]): SessionSnapshot => ({
  seq: 0,
  volumes: volumes.map(() => ({ coveredBytes: 0, ended: null })),
  counters: { receivedBytes: 0, plainBytes: 0, storedBytes: 0, refBytes: 0, entries: 0 },
});

/** The snapshot one frame later. The frame has been checked. */
export function snapshotAfter(snapshot: SessionSnapshot, taken: JournalFrame): SessionSnapshot {
  const { frame } = taken;
  const before = snapshot.volumes[frame.volume] ?? { coveredBytes: 0, ended: null };
  const { counters } = snapshot;
  return {
    seq: frame.seq,
    volumes: snapshot.volumes.with(frame.volume, progressAfter(before, frame, taken.counts)),
    counters: {
      receivedBytes: counters.receivedBytes + taken.receivedBytes,
      plainBytes: counters.plainBytes + taken.plainBytes,
      storedBytes: counters.storedBytes + taken.storedBytes,
      refBytes: counters.refBytes + (frame.type === 'batch' ? lengthOf(frame, 'ref') : 0),
      entries: counters.entries + (frame.type === 'batch' ? frame.entries.length : 0),
    },
  };
}

function progressAfter(before: VolumeProgress, frame: BatchFrame | VolumeEndFrame, counts: MapCounts | null): VolumeProgress {
  // Chunks of a volume that has ended were lost in the store and came again; its map is what it was.
  if (frame.type === 'batch' && before.ended) return before;
  if (frame.type === 'batch') return { ...before, coveredBytes: before.coveredBytes + lengthOf(frame) };
  return counts ? { ...before, ended: { mapRoot: frame.mapRoot, counts } } : before;
}

/** Sum of the lengths of a frame's entries, of one kind or of all. */
function lengthOf(frame: BatchFrame, kind?: 'ref'): number {
  let total = 0;
  for (const entry of frame.entries) if (kind === undefined || entry.kind === kind) total += entry.lengthBytes;
  return total;
}
