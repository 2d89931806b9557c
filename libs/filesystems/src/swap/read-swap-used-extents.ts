import { type Extent, bytesToHex, clipExtents, mergeExtents } from '@lifeboat/model';
import type { BlockReader } from '@lifeboat/block-device';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, UsedExtents } from '../used-extents.js';

/** Page sizes of the architectures Linux swaps on. */
const PAGE_SIZES = [4096, 8192, 16_384, 32_768, 65_536] as const;
const SIGNATURE_BYTES = 10;
const HEADER_OFFSET = 1024;
const SWAP_SIGNATURES: ReadonlySet<string> = new Set(['SWAPSPACE2', 'SWAP-SPACE']);
/** A memory image instead of swap: swsusp (kernel), uswsusp, TuxOnIce. */
const HIBERNATION_SIGNATURES = ['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001'] as const;

/** A swap area found by its signature. */
export type SwapSignature = Readonly<{ pageBytes: number; hibernated: boolean; identity: FilesystemIdentity }>;

/**
 * Looks for the swap signature, which ends the first page whatever its size.
 * @param area the first bytes of the volume, 64 KiB or all of it.
 * @see util-linux, libblkid/src/superblocks/swap.c; linux/include/linux/swap.h, `union swap_header`.
 */
export function findSwapSignature(area: Uint8Array): SwapSignature | null {
  const bytes = Buffer.from(area.buffer, area.byteOffset, area.byteLength);
  for (const pageBytes of PAGE_SIZES) {
    if (pageBytes > bytes.length) return null;
    const signature = bytes.toString('latin1', pageBytes - SIGNATURE_BYTES, pageBytes);
    const hibernated = HIBERNATION_SIGNATURES.some((known) => signature.startsWith(known));
    if (!hibernated && !SWAP_SIGNATURES.has(signature)) continue;
    const hex = bytesToHex(bytes, HEADER_OFFSET + 12, HEADER_OFFSET + 28);
    const label = bytes.toString('utf8', HEADER_OFFSET + 28, HEADER_OFFSET + 44).replace(/\0.*$/s, '');
    const uuid = /^0+$/.test(hex) ? null : [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    return { pageBytes, hibernated, identity: { filesystem: 'swap', label: label === '' ? null : label, uuid } };
  }
  return null;
}

/**
 * A swap area is worth its first page: restoring it keeps UUID and label. One that holds a hibernated system is kept whole.
 *
 * @param area the bytes in which `found` was found.
 */
export function swapUsedExtents(volume: BlockReader, area: Uint8Array, found: SwapSignature): UsedExtents {
  if (found.hibernated) {
    return wholeVolume(volume, found.identity, { warnings: [{ code: 'SWAP_HOLDS_HIBERNATION', message: 'the swap area holds a hibernated system and is kept whole' }] });
  }
  const header = Buffer.from(area.buffer, area.byteOffset + HEADER_OFFSET);
  const [version, lastPage] = [header.readUInt32LE(0), header.readUInt32LE(4)];
  const swapBytes = (lastPage + 1) * found.pageBytes;
  if (version !== 1 || lastPage === 0 || swapBytes > volume.sizeBytes) {
    return wholeVolume(volume, found.identity, { warnings: [{ code: 'FS_SUPERBLOCK_DAMAGED', message: 'the header of the swap area makes no sense: every non-zero block is kept' }] });
  }
  const used: Extent[] = [{ offsetBytes: 0, lengthBytes: found.pageBytes }, { offsetBytes: swapBytes, lengthBytes: volume.sizeBytes - swapBytes }];
  return {
    ...found.identity,
    blockSizeBytes: found.pageBytes,
    used: clipExtents(mergeExtents(used), volume.sizeBytes),
    clean: true,
    uncleanReason: null,
    overReportedBytes: 0,
    warnings: [],
    mode: 'header-only',
  };
}
