import { Controller, Get, Inject } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { restPaths, type StoreStatus } from '@lifeboat/protocol';
import type { Store } from '@lifeboat/store';
import type { z } from 'zod';
import type { ServerConfig } from '../config/server-config.js';
import { CATALOG, CONFIG, STORE } from '../platform/tokens.js';
import { mountOf } from './mount-of.js';
import { StoreSpace } from './store-space.js';

/** How full the store is and how well it saves. */
@Controller()
export class StoreController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  @Get(restPaths.store)
  async status(): Promise<z.infer<typeof StoreStatus>> {
    const [stats, mount, logicalBytes] = await Promise.all([this.space.stats(), mountOf(this.config.dataDir), this.logicalBytes()]);
    const { sizeBytes, freeBytes, packBytes, plainBytes, chunks, packs } = stats;
    return {
      v: 1, storeId: this.store.storeId, path: this.config.dataDir, device: mount.device, sizeBytes, freeBytes, liveBytes: packBytes, reclaimableBytes: null,
      logicalBytes, dedupRatio: ratio(logicalBytes, plainBytes), compressionRatio: ratio(plainBytes, packBytes), watermarks: null,
      pressure: freeBytes > 0 ? 'green' : 'red', forecast: null, chunks, packs,
    };
  }

  /** What all points would take if each were kept on its own, uncompressed. */
  private async logicalBytes(): Promise<number> {
    let total = 0;
    for (const { machineId } of await this.catalog.computers.list()) {
      for (const point of await this.catalog.points.listByMachine(machineId)) total += point.bytes.used;
    }
    return total;
  }
}

function ratio(before: number, after: number): number | null {
  return after > 0 ? Math.round((before / after) * 100) / 100 : null;
}
