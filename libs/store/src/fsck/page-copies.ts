import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLifeboatError, type Digest, type PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import { listRecords, scanPack } from '../pack/list-records.js';
import { openPathOf } from '../pack/pack-paths.js';
import { listPacks } from '../recovery/reconcile-index.js';

/**
 * Every place of every page. Pages are kept in two packs, and a check's table holds one place each; only when one of those fails are the others looked up.
 * Memory once needed: about 300 bytes per page copy, 20 MB per TiB of distinct data. Cost: reads every footer once more.
 */
export class PageCopies {
  private places: Promise<ReadonlyMap<Digest, readonly ChunkPlace[]>> | undefined;

  constructor(private readonly fs: StoreFs) {}

  /** All places that list the page. */
  async find(digest: Digest): Promise<readonly ChunkPlace[]> {
    this.places ??= this.listPages();
    return (await this.places).get(digest) ?? [];
  }

  private async listPages(): Promise<ReadonlyMap<Digest, readonly ChunkPlace[]>> {
    const found = new Map<Digest, ChunkPlace[]>();
    for (const [packId, path] of await listPacks(this.fs)) {
      for (const place of await this.pagesOf(packId, path)) {
        const known = found.get(place.digest);
        if (known) known.push(place);
        else found.set(place.digest, [place]);
      }
      await nextTurn();
    }
    return found;
  }

  private async pagesOf(packId: PackId, path: string): Promise<(ChunkPlace & Readonly<{ digest: Digest }>)[]> {
    try {
      const { records } = await (path === openPathOf(packId) ? scanPack : listRecords)(this.fs, path, packId);
      return records.filter(({ header }) => header.type === 'page').flatMap(({ recordOffset, entries }) =>
        entries.map(({ digest, lengthBytes }, entry) => ({ digest, packId, recordOffset, entry, lengthBytes })),
      );
    } catch (error) {
      // The check of the packs has reported what is wrong with this one; it has nothing to offer here.
      if (isLifeboatError(error) || errnoOf(error) !== undefined) return [];
      throw error;
    }
  }
}
