/** Feature bits of the ext superblock. @see docs.kernel.org/filesystems/ext4, "Super Block", s_feature_*. */
export const COMPAT = { hasJournal: 0x4, sparseSuper2: 0x200 } as const;
export const INCOMPAT = { recover: 0x4, journalDevice: 0x8, metaBg: 0x10, is64Bit: 0x80, flexBg: 0x200, checksumSeed: 0x2000 } as const;
export const RO_COMPAT = { sparseSuper: 0x1, groupChecksum: 0x10, bigalloc: 0x200, metadataChecksum: 0x400 } as const;

/**
 * Features known not to move blocks in a way this reader does not follow. `bigalloc` and `sparse_super2` show that even a
 * "compatible" bit can change the layout, so that an unknown bit of any kind makes the volume opaque.
 */
const KNOWN_COMPAT = 0x1e3f;
const KNOWN_INCOMPAT = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000 | 0x2_0000;
const KNOWN_RO_COMPAT = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000;

/** Features that ext3 knows; any other makes the filesystem an ext4, by the rule of libblkid. */
const EXT3_INCOMPAT = 0x2 | INCOMPAT.recover | INCOMPAT.metaBg;
const EXT3_RO_COMPAT = 0x1 | 0x2 | 0x4;

export type ExtFeatures = Readonly<{ compat: number; incompat: number; roCompat: number }>;

/** The feature bits this reader does not know, as text; null when it knows all. */
export function unknownFeatures({ compat, incompat, roCompat }: ExtFeatures): string | null {
  const unknown = [
    ['compat', compat & ~KNOWN_COMPAT],
    ['incompat', incompat & ~KNOWN_INCOMPAT],
    ['ro_compat', roCompat & ~KNOWN_RO_COMPAT],
  ] as const;
  const named = unknown.filter(([, bits]) => bits !== 0).map(([kind, bits]) => `${kind} 0x${(bits >>> 0).toString(16)}`);
  return named.length > 0 ? named.join(', ') : null;
}

/** Which of the family it is. */
export function extVersion({ compat, incompat, roCompat }: ExtFeatures): 'ext2' | 'ext3' | 'ext4' {
  if ((incompat & ~EXT3_INCOMPAT) !== 0 || (roCompat & ~EXT3_RO_COMPAT) !== 0) return 'ext4';
  return compat & COMPAT.hasJournal ? 'ext3' : 'ext2';
}
