import { type Extent, clipExtents, invertExtents, mergeExtents } from '@lifeboat/model';
import { runTool } from '@lifeboat/block-device/testing';

/** What dumpe2fs, which shares no code with us, says of an image. */
export type JudgedExt = Readonly<{ blockBytes: number; blockCount: number; free: readonly Extent[]; used: readonly Extent[] }>;

/** Free and used bytes of the filesystem by dumpe2fs's lists of free blocks. */
export function judgeExt(path: string): JudgedExt {
  const text = runTool('dumpe2fs', [path]);
  const blockBytes = Number(/^Block size: +(\d+)/m.exec(text)?.[1]);
  const blockCount = Number(/^Block count: +(\d+)/m.exec(text)?.[1]);
  // With bigalloc dumpe2fs names the first block of the last free cluster.
  const lastUnitBytes = Number(/^Cluster size: +(\d+)/m.exec(text)?.[1] ?? blockBytes);
  const free: Extent[] = [];
  for (const [, list] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const part of (list ?? '').split(',').map((piece) => piece.trim()).filter((piece) => piece !== '')) {
      const [first, last] = part.split('-').map(Number);
      if (first === undefined) continue;
      free.push({ offsetBytes: first * blockBytes, lengthBytes: ((last ?? first) - first) * blockBytes + lastUnitBytes });
    }
  }
  const merged = clipExtents(mergeExtents(free), blockBytes * blockCount);
  return { blockBytes, blockCount, free: merged, used: invertExtents(merged, blockBytes * blockCount) };
}
