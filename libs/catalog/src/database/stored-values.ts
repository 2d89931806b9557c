import { Defect } from '@lifeboat/model';

/**
 * A database bigint as a number.
 * @throws Defect beyond 2^53: nothing of that size is ever stored.
 */
export function numberOf(stored: bigint): number {
  const value = Number(stored);
  if (!Number.isSafeInteger(value)) throw new Defect('a stored count exceeds the safe integers');
  return value;
}

export function numberOrNull(stored: bigint | null): number | null {
  return stored === null ? null : numberOf(stored);
}

export function bigintOrNull(value: number | null): bigint | null {
  return value === null ? null : BigInt(value);
}

/** Text as PostgreSQL can hold it: U+0000 and halves of surrogate pairs become U+FFFD. JSON needs no care, its escapes are plain ASCII. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').replace(/\p{Cs}/gu, '\ufffd');
}
