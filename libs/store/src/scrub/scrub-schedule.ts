import { isInvalid } from '../binary/binary.js';
import { days, type PackId } from '@lifeboat/model';
import { readFullyAt, withFile } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { decodePackHeader, PACK_HEADER_BYTES } from '../pack/pack-header.js';
import { sealedPathOf } from '../pack/pack-paths.js';
import type { ScrubLog } from './scrub-log.js';
import type { SealedPacks } from './list-sealed-packs.js';

/** Default of {@link ScrubOptions.deadlineMs}. */
export const scrubDeadlineMs = days(30);
/** A pack is due before its deadline, so that runs which come now and then and take their time keep it. */
const dueShare = 0.75;

/** A pack with when it was last known to be right: scrubbed, or else begun. */
export type PackAge = Readonly<{ packId: PackId; knownRightAtMs: number; hasParity: boolean }>;

/** The ages of all packs, oldest first. Reads the headers of packs that were never scrubbed; one that cannot be read is as old as can be. */
export async function agesOf(fs: StoreFs, sealed: SealedPacks['packs'], log: ScrubLog): Promise<PackAge[]> {
  const ages: PackAge[] = [];
  for (const [packId, { hasParity }] of sealed) ages.push({ packId, hasParity, knownRightAtMs: log.of(packId) ?? (await begunAtMs(fs, packId)) });
  return ages.sort((left, right) => left.knownRightAtMs - right.knownRightAtMs || (left.packId < right.packId ? -1 : 1));
}

/** Packs to read now, in this order. A time in the future is a clock that was wrong: such a pack is due. */
export function selectDue(ages: readonly PackAge[], { nowMs, deadlineMs }: Readonly<{ nowMs: number; deadlineMs: number }>): PackAge[] {
  return ages.filter(({ knownRightAtMs, hasParity }) => !hasParity || knownRightAtMs > nowMs || nowMs - knownRightAtMs >= deadlineMs * dueShare);
}

async function begunAtMs(fs: StoreFs, packId: PackId): Promise<number> {
  const path = sealedPathOf(packId);
  const bytes = new Uint8Array(PACK_HEADER_BYTES);
  try {
    await withFile(fs, path, (file) => readFullyAt(file, bytes, { path, offsetBytes: 0 }));
  } catch {
    // Whatever keeps the header from being read is looked at by the scrub itself, which this pack is now the first for.
    return 0;
  }
  const header = decodePackHeader(bytes);
  return isInvalid(header) ? 0 : header.createdAtMs;
}
