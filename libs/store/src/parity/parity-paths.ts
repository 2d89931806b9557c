import type { PackId } from '@lifeboat/model';
import { sealedDirectoryOf } from '../pack/pack-paths.js';

/** Name of a sealed pack's parity, beside the pack. */
export const parityPathOf = (packId: PackId): string => `${sealedDirectoryOf(packId)}/${packId}.par`;
