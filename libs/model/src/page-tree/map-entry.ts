import type { Digest } from '../ids/digest.js';

/** What a run of a volume's bytes is. Only `data` has a digest; `zero` reads as zeros, `unallocated` has no defined content, `unreadable` could not be read from the source. */
export type RunKind = 'zero' | 'unallocated' | 'unreadable';

/**
 * One entry of a volume's map. A map's entries are sorted, do not overlap and leave no gap: every byte of the volume is in exactly one of them.
 * Offsets and lengths are bytes relative to the volume's first byte.
 */
export type MapEntry =
  | Readonly<{ kind: 'data'; offsetBytes: number; lengthBytes: number; digest: Digest }>
  | Readonly<{ kind: RunKind; offsetBytes: number; lengthBytes: number }>;

/** An entry of an inner page: a child page that covers the range, or a run that needs none. */
export type InnerEntry =
  | Readonly<{ kind: 'page'; offsetBytes: number; lengthBytes: number; digest: Digest }>
  | Readonly<{ kind: RunKind; offsetBytes: number; lengthBytes: number }>;

/** Longest chunk a map may name, in bytes. */
export const chunkBytesMax = 1024 * 1024;
