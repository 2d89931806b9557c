import { decodeIndexPage, endOf, intersectExtents, isLifeboatError, mergeExtents, type Digest, type Extent, type FilesystemType, type IndexPage, type MachineId, type PageSource, type RestorePointId, type RestorePointManifest, type VolumeManifest } from '@lifeboat/model';
import type { DamagedVolumeReader } from './file-paths.js';

/** Where pages and chunks come from; both reject with an error of the store's for what is lost. */
export type ContentSource = Readonly<{ readPage: PageSource; readChunk: (digest: Digest) => Promise<Uint8Array> }>;

/** Deepest tree that is followed, as in the model's readers. */
const levelsMax = 9;
/** About 50 KiB each. */
const pagesCachedMax = 128;

/** Reads any range of a volume of a point, and says what of it is lost, rather than failing. */
export class PointVolume implements DamagedVolumeReader {
  readonly machineId: MachineId;
  readonly pointId: RestorePointId;
  readonly volumeId: string;
  readonly filesystem: FilesystemType;
  readonly lengthBytes: number;
  private readonly root: Digest;
  private readonly pages = new Map<Digest, IndexPage>();

  constructor(manifest: RestorePointManifest, volume: VolumeManifest, private readonly source: ContentSource) {
    this.machineId = manifest.machineId;
    this.pointId = manifest.pointId;
    this.volumeId = volume.volumeId;
    this.filesystem = volume.filesystem;
    this.lengthBytes = volume.lengthBytes;
    this.root = volume.mapRoot;
  }

  async read(target: Uint8Array, offsetBytes: number): Promise<readonly Extent[]> {
    target.fill(0);
    const lost: Extent[] = [];
    const wanted: Wanted = { target, lost, range: { offsetBytes, lengthBytes: target.length } };
    await this.readPage({ digest: this.root, offsetBytes: 0, lengthBytes: this.lengthBytes }, wanted, levelsMax);
    return mergeExtents(lost);
  }

  private async readPage(place: Extent & Readonly<{ digest: Digest }>, wanted: Wanted, levelsLeft: number): Promise<void> {
    const part = overlap(place, wanted.range);
    if (!part) return;
    const page = levelsLeft > 0 ? await this.load(place.digest) : undefined;
    if (!page) {
      wanted.lost.push(part);
      return;
    }
    for (const entry of page.entries) {
      if (entry.offsetBytes >= endOf(wanted.range)) break;
      if (entry.kind === 'page') await this.readPage(entry, wanted, levelsLeft - 1);
      else if (entry.kind === 'data') await this.readData(entry, wanted);
      else if (entry.kind === 'unreadable') wanted.lost.push(...intersectExtents([entry], [wanted.range]));
    }
  }

  private async readData(entry: Extent & Readonly<{ digest: Digest }>, { target, range, lost }: Wanted): Promise<void> {
    const part = overlap(entry, range);
    if (!part) return;
    const bytes = await readable(() => this.source.readChunk(entry.digest));
    const from = part.offsetBytes - entry.offsetBytes;
    if (bytes?.length === entry.lengthBytes) target.set(bytes.subarray(from, from + part.lengthBytes), part.offsetBytes - range.offsetBytes);
    else lost.push(part);
  }

  private async load(digest: Digest): Promise<IndexPage | undefined> {
    const cached = this.pages.get(digest);
    if (cached) return cached;
    const page = await readable(async () => decodeIndexPage(await this.source.readPage(digest)));
    if (!page) return undefined;
    const [oldest] = this.pages.keys();
    if (oldest !== undefined && this.pages.size >= pagesCachedMax) this.pages.delete(oldest);
    this.pages.set(digest, page);
    return page;
  }
}

type Wanted = Readonly<{ target: Uint8Array; range: Extent; lost: Extent[] }>;

function overlap(a: Extent, b: Extent): Extent | undefined {
  const offsetBytes = Math.max(a.offsetBytes, b.offsetBytes);
  const lengthBytes = Math.min(endOf(a), endOf(b)) - offsetBytes;
  return lengthBytes > 0 ? { offsetBytes, lengthBytes } : undefined;
}

/** Undefined for content that is lost; other failures are not the content's. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isLifeboatError(error) && lostCodes.has(error.code)) return undefined;
    throw error;
  }
}

const lostCodes: ReadonlySet<string> = new Set(['CHUNK_MISSING', 'CHUNK_DAMAGED', 'PAGE_INVALID']);
