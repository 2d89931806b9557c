import { endOf, type Extent, type MapEntry } from '@lifeboat/model';
import type { ReadAnswer } from './read-channel.js';
import { RestoreAnswerInvalid } from './restore-errors.js';
import type { KnownEntry } from './volume-source.js';

/**
 * The entries of a map-only answer: without gap over `range`, runs cut to it, chunks whole.
 *
 * @throws RestoreAnswerInvalid (RESTORE_ANSWER_INVALID) gaps, overlaps, missing parts, references.
 */
export function entriesOfMapAnswer(answer: ReadAnswer, range: Extent): KnownEntry[] {
  const entries: KnownEntry[] = [];
  // Where map pages are lost the server answers `unreadable` and counts it; it cannot say which ones, so all of this answer's count as damaged.
  const unreadableMeans = answer.damagedBytes > 0 ? 'damaged' : 'unreadable';
  let at = range.offsetBytes;
  for (const entry of answer.batches.flatMap((batch) => batch.entries)) {
    if (entry.kind === 'ref') throw new RestoreAnswerInvalid('a reference in a restore');
    if (endOf(entry) <= range.offsetBytes || entry.offsetBytes >= endOf(range)) throw new RestoreAnswerInvalid('an entry outside the range');
    if (entry.offsetBytes > at || (entries.length > 0 && entry.offsetBytes !== at)) throw new RestoreAnswerInvalid('a gap or an overlap in the map');
    entries.push(cutRun(entry, range, unreadableMeans));
    at = endOf(entry);
  }
  if (at < endOf(range)) throw new RestoreAnswerInvalid('the map ends early');
  return entries;
}

function cutRun(entry: MapEntry, range: Extent, unreadableMeans: 'unreadable' | 'damaged'): KnownEntry {
  if (entry.kind === 'data') return entry;
  const offsetBytes = Math.max(entry.offsetBytes, range.offsetBytes);
  const lengthBytes = Math.min(endOf(entry), endOf(range)) - offsetBytes;
  return { kind: entry.kind === 'unreadable' ? unreadableMeans : entry.kind, offsetBytes, lengthBytes };
}
