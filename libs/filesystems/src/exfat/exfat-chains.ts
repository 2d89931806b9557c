import type { BlockReader } from '@lifeboat/block-device';
import type { Extent } from '@lifeboat/model';
import { WindowCache } from '../bytes/window-cache.js';
import type { ExfatGeometry } from './exfat-geometry.js';

/** Follows chains of clusters through the allocation table. */
export class ExfatChains {
  readonly #cache: WindowCache;

  constructor(
    volume: BlockReader,
    private readonly geometry: ExfatGeometry,
  ) {
    this.#cache = new WindowCache(volume);
  }

  /** The place of `cluster`; null when there is no such cluster. */
  extentOf(cluster: number): Extent | null {
    const { clusterBytes, clusterCount, heapOffsetBytes } = this.geometry;
    return cluster >= 2 && cluster <= clusterCount + 1 ? { offsetBytes: heapOffsetBytes + (cluster - 2) * clusterBytes, lengthBytes: clusterBytes } : null;
  }

  /** The cluster after `cluster`; null at the end of the chain, and when the entry cannot be read. */
  async next(cluster: number): Promise<number | null> {
    const entry = await this.#cache.read(this.geometry.tableOffsetBytes + cluster * 4, 4);
    const next = entry?.readUInt32LE(0) ?? 0;
    return this.extentOf(next) === null ? null : next;
  }

  /** The first `count` clusters of a chain, in its order; null when it ends before. */
  async follow(first: number, count: number): Promise<Extent[] | null> {
    const extents: { offsetBytes: number; lengthBytes: number }[] = [];
    let cluster: number | null = first;
    for (let found = 0; found < count; found += 1) {
      const extent: Extent | null = cluster === null ? null : this.extentOf(cluster);
      if (cluster === null || extent === null) return null;
      const last = extents.at(-1);
      if (last && last.offsetBytes + last.lengthBytes === extent.offsetBytes) last.lengthBytes += extent.lengthBytes;
      else extents.push({ ...extent });
      if (found + 1 < count) cluster = await this.next(cluster);
    }
    return extents;
  }
}
