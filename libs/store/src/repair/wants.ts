import type { Digest } from '@lifeboat/model';
import { SerialQueue } from '../concurrency/serial-queue.js';
import { errnoOf } from '../fs/errno.js';
import { readWhole, syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { writeDurably } from '../fs/write-durably.js';
import { isInvalid } from '../binary/binary.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import { decodeWants, encodeWants, wantsBytesMax, wantsMax, type Want } from './wants-file.js';

const repairDirectory = 'repair';
/** Two copies, written one after the other, so that no crash and no single rotten byte takes both. */
const wantsPaths = [`${repairDirectory}/wants.a`, `${repairDirectory}/wants.b`] as const;

/**
 * Chunks and pages that committed points may need and that the store cannot read. The place of each is rotten: nothing may rely on it, and the content is
 * stored anew when an agent sends it. Survives restarts.
 */
export class Wants {
  private readonly byDigest = new Map<Digest, Want>();
  private readonly saves = new SerialQueue();
  private generation = 0;
  private changes = 0;
  private savedChanges = 0;

  private constructor(private readonly fs: StoreFs) {}

  /** Reads the newest copy that verifies; with none the list is empty, and what reads or scrubs find fills it again. */
  static async load(fs: StoreFs): Promise<Wants> {
    const wants = new Wants(fs);
    for (const path of wantsPaths) {
      const decoded = decodeWants(await readIfPresent(fs, path));
      if (isInvalid(decoded) || decoded.generation <= wants.generation) continue;
      wants.generation = decoded.generation;
      wants.byDigest.clear();
      for (const want of decoded.wants) wants.byDigest.set(want.digest, want);
    }
    return wants;
  }

  get size(): number {
    return this.byDigest.size;
  }

  find(digest: Digest): Want | undefined {
    return this.byDigest.get(digest);
  }

  /** A copy, in the order they were found. */
  list(): Want[] {
    return [...this.byDigest.values()];
  }

  /** Tells whether that place of that digest is known to be unreadable. */
  isRotten(digest: Digest, place: ChunkPlace): boolean {
    if (this.byDigest.size === 0) return false;
    const want = this.byDigest.get(digest);
    return want !== undefined && want.packId === place.packId && want.recordOffset === place.recordOffset;
  }

  /** Adds what was lost; durable after {@link save}. Beyond a million the list is full: the store then needs more than healing. */
  add(wants: Iterable<Want>): void {
    for (const want of wants) {
      if (this.byDigest.size >= wantsMax && !this.byDigest.has(want.digest)) return;
      this.byDigest.set(want.digest, want);
      this.changes += 1;
    }
  }

  /** Takes from the list what `locate` finds in another place: it came back before the list that says so was durable. */
  settle(locate: (digest: Digest) => ChunkPlace | undefined): void {
    const found = new Map<Digest, ChunkPlace>();
    for (const digest of this.byDigest.keys()) {
      const place = locate(digest);
      if (place) found.set(digest, place);
    }
    this.fulfil(found);
  }

  /** Takes from the list what is durable elsewhere now. */
  fulfil(places: ReadonlyMap<Digest, ChunkPlace>): void {
    if (this.byDigest.size === 0) return;
    const [small, large] = places.size < this.byDigest.size ? [places, this.byDigest] : [this.byDigest, places];
    for (const digest of [...small.keys()]) {
      const place = places.get(digest);
      if (!large.has(digest) || !place || this.isRotten(digest, place)) continue;
      this.byDigest.delete(digest);
      this.changes += 1;
    }
  }

  /** Makes the list durable when it changed since it last was. */
  save(): Promise<void> {
    return this.saves.run(async () => {
      if (this.savedChanges === this.changes) return;
      const changes = this.changes;
      if (!(await this.fs.exists(repairDirectory))) {
        await this.fs.mkdir(repairDirectory);
        await syncDirectory(this.fs, '');
      }
      this.generation += 1;
      const bytes = encodeWants({ generation: this.generation, wants: this.list() });
      for (const path of wantsPaths) await writeDurably(this.fs, path, bytes);
      this.savedChanges = changes;
    });
  }
}

async function readIfPresent(fs: StoreFs, path: string): Promise<Uint8Array> {
  try {
    return await readWhole(fs, path, wantsBytesMax);
  } catch (error) {
    // Any copy that cannot be read counts as not there: the other one serves, and what is lost is found again.
    if (errnoOf(error) === undefined) throw error;
    return new Uint8Array();
  }
}
