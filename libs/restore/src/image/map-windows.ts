import { endOf, leafSpanBytes, type Extent } from '@lifeboat/model';
import type { KnownEntry } from '../source/volume-source.js';
import { ByteCache } from './byte-cache.js';
import type { ImageSource } from './image-source.js';
import { MapWindow } from './map-window.js';

/** Bytes of a volume whose map is read at a time: two leaf pages. */
export const mapWindowBytes = 2 * leafSpanBytes;

/** Looks places of volumes up in their maps, part by part as they are asked for; the parts in memory are bounded. */
export class MapWindows {
  private readonly windows: ByteCache<MapWindow>;
  private readonly loading = new Map<string, Promise<MapWindow>>();

  constructor(
    private readonly source: ImageSource,
    private readonly options: Readonly<{ cacheBytes: number; volumeLengths: readonly number[] }>,
  ) {
    this.windows = new ByteCache(options.cacheBytes);
  }

  /** Bytes of maps in memory. */
  get cachedBytes(): number {
    return this.windows.sizeBytes;
  }

  /** Forgets what is in memory. */
  clear(): void {
    this.windows.clear();
  }

  /** The entries that touch `range`, each once, whole as the source knows them; a run may come in several pieces. */
  async find(volume: number, range: Extent): Promise<KnownEntry[]> {
    const found: KnownEntry[] = [];
    for (let at = range.offsetBytes; at < endOf(range); ) {
      const start = Math.floor(at / mapWindowBytes) * mapWindowBytes;
      const part = { offsetBytes: at, lengthBytes: Math.min(start + mapWindowBytes, endOf(range)) - at };
      const window = await this.window(volume, start);
      found.push(...window.find(part));
      // A chunk may reach into the next window, which lists it too.
      const last = found.at(-1);
      at = Math.max(endOf(part), last ? Math.min(endOf(last), endOf(range)) : 0);
    }
    return found;
  }

  private window(volume: number, start: number): MapWindow | Promise<MapWindow> {
    const key = `${String(volume)}:${String(start)}`;
    return this.windows.find(key) ?? this.loading.get(key) ?? this.load(key, volume, start);
  }

  private load(key: string, volume: number, start: number): Promise<MapWindow> {
    const loading = this.read(volume, start)
      .then((window) => {
        if (!window.hasDamage) this.windows.keep(key, window, window.sizeBytes);
        return window;
      })
      .finally(() => { this.loading.delete(key); });
    this.loading.set(key, loading);
    return loading;
  }

  private async read(volume: number, start: number): Promise<MapWindow> {
    const lengthBytes = Math.min(mapWindowBytes, (this.options.volumeLengths[volume] ?? 0) - start);
    const entries: KnownEntry[] = [];
    for await (const entry of this.source.readMap(volume, { offsetBytes: start, lengthBytes })) entries.push(entry);
    return new MapWindow(entries);
  }
}
