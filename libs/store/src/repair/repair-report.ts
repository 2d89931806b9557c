import type { PackId } from '@lifeboat/model';
import type { Want } from './wants-file.js';

/**
 * What was found in a damaged pack and what became of it. `reasons` name ranges of the pack's file in words. Chunks and pages that the pack alone held are either
 * `repaired` (carried over into other packs, verified) or `lost`. `quarantined` tells whether the original was taken out of use; when it was not, `failure` is the
 * code of what kept the store from writing, and the next scrub finds the damage again.
 */
export type RepairReport = Readonly<{
  packId: PackId; reasons: readonly string[]; rebuiltBlocks: number; lostBlocks: number; repairedChunks: number; repairedBytes: number; lost: readonly Want[]; quarantined: boolean; failure: string | null;
}>;
