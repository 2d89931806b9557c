import { endOf, mergeExtents, type Extent } from '@lifeboat/model';
import type { SessionOpen, VolumeRange } from '@lifeboat/protocol';

/** Wishes told to one session; more than that would be a full backup. */
const wantsMax = 10_000;

/** The lost ranges that lie in volumes of a session, by the session's numbers, merged and cut to the volumes as they are now. Pure. */
export function clipToVolumes(lost: readonly Readonly<{ volumeId: string | null; offsetBytes: number; lengthBytes: number }>[], volumes: SessionOpen['volumes']): VolumeRange[] {
  const wants: VolumeRange[] = [];
  for (const [volume, { volumeId, lengthBytes }] of volumes.entries()) {
    const own = lost.filter((range) => range.volumeId === volumeId && range.offsetBytes < lengthBytes);
    const cut: Extent[] = own.map((range) => ({ offsetBytes: range.offsetBytes, lengthBytes: Math.min(endOf(range), lengthBytes) - range.offsetBytes }));
    for (const extent of mergeExtents(cut.filter((extent) => extent.lengthBytes > 0))) wants.push({ volume, ...extent });
  }
  return wants.slice(0, wantsMax);
}
