import { createHash } from 'node:crypto';
import type { LedgerRecord } from '@lifeboat/model';

/** SHA-256 of a record whatever the order of its keys, which differs between a record just appended and the same one read again. */
export function fingerprintOf(record: LedgerRecord): string {
  return createHash('sha256').update(JSON.stringify(sorted(record))).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
