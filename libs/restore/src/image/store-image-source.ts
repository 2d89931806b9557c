import { assertInvariant, isLifeboatError, type Digest, type Extent, type RestorePointManifest, type VolumeManifest } from '@lifeboat/model';
import { listVolumes, type DataEntry, type KnownEntry } from '../source/volume-source.js';
import type { ImageSource } from './image-source.js';
import { walkKnownMap } from './walk-known-map.js';

/** What is needed of a store; a store's own methods fit. Both verify what they hand out against the digest, and throw for anything else. */
export interface ImageStore {
  readChunk(digest: Digest): Promise<Uint8Array>;
  readPage(digest: Digest): Promise<Uint8Array>;
}

/** A store's ways to say that bytes are lost. Anything else, e.g. a disk that does not answer, is an error of the read and may be tried again. */
const lossCodes = new Set(['CHUNK_MISSING', 'CHUNK_DAMAGED', 'PAGE_MISSING', 'PAGE_DAMAGED', 'PAGE_INVALID', 'STORED_BYTES_INVALID', 'STORE_SHORT_READ']);

/** Reads a restore point straight from a store that is open in this process, for drill workers. Closing it does not close the store. */
export function storeImageSource(store: ImageStore, manifest: RestorePointManifest): ImageSource {
  return new StoreImageSource(store, manifest);
}

class StoreImageSource implements ImageSource {
  private readonly volumes: readonly VolumeManifest[];

  constructor(
    private readonly store: ImageStore,
    readonly manifest: RestorePointManifest,
  ) {
    this.volumes = listVolumes(manifest).map((listed) => listed.volume);
  }

  readMap(volume: number, range: Extent): AsyncIterable<KnownEntry> {
    const found = this.volumes[volume];
    assertInvariant(found !== undefined, 'the restore point has a volume of this number', { volume });
    return walkKnownMap((digest) => nullWhenLost(() => this.store.readPage(digest)), found, range);
  }

  readChunks(_volume: number, chunks: readonly DataEntry[]): Promise<readonly (Uint8Array | null)[]> {
    return Promise.all(
      chunks.map(async ({ digest, lengthBytes }) => {
        const bytes = await nullWhenLost(() => this.store.readChunk(digest));
        return bytes?.length === lengthBytes ? bytes : null;
      }),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Null when the bytes are lost. */
async function nullWhenLost(read: () => Promise<Uint8Array>): Promise<Uint8Array | null> {
  try {
    return await read();
  } catch (error) {
    if (isLifeboatError(error) && lossCodes.has(error.code)) return null;
    throw error;
  }
}
