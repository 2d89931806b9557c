import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest, RestorePointId, type MapEntry } from '@lifeboat/model';
import { readIfExists, syncDirectory, writeDurably } from '../../identity/durable-file.js';
import { isMapFileSound, MapFileWriter, readMapFile } from './map-file.js';

const pendingName = 'pending';
const contentsName = 'contents.json';

const MapContents = z.strictObject({
  v: z.literal(1),
  pointId: RestorePointId,
  volumes: z.array(z.strictObject({ volumeId: z.string(), lengthBytes: z.number().int().positive(), mapRoot: Digest, file: z.string().regex(/^\d+\.map$/) })),
});
type MapContents = z.infer<typeof MapContents>;

/** What a base map must be to be of use. */
export type WantedMap = Readonly<{ volumeId: string; lengthBytes: number; pointId: RestorePointId | null; mapRoot: Digest | null }>;

/**
 * The maps of the last committed point, kept beside the state so that unchanged chunks are found without asking the server. Written during
 * a backup and moved into place only when the server has committed. A cache: it may be deleted at any time.
 */
export class BaseMapStore {
  private constructor(
    private readonly directory: string,
    private readonly committed: MapContents | null,
  ) {}

  /** Opens the directory, making it when missing, and removes what an earlier run left unfinished. */
  static async open(directory: string): Promise<BaseMapStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await rm(join(directory, pendingName), { recursive: true, force: true });
    await mkdir(join(directory, pendingName), { mode: 0o700 });
    for (const name of await readdir(directory)) {
      const contents = name === pendingName ? null : await readContents(join(directory, name));
      if (contents?.pointId === name) return new BaseMapStore(directory, contents);
    }
    return new BaseMapStore(directory, null);
  }

  /** The entries of a volume's committed map, or null when it is not here, is of another point, or is damaged. Cost: reads the file once. */
  async findMap(wanted: WantedMap): Promise<AsyncGenerator<MapEntry[]> | null> {
    const known = this.committed?.volumes.find((volume) => volume.volumeId === wanted.volumeId);
    if (!this.committed || !known || wanted.mapRoot === null || this.committed.pointId !== wanted.pointId) return null;
    if (known.mapRoot !== wanted.mapRoot || known.lengthBytes !== wanted.lengthBytes) return null;
    const path = join(this.directory, this.committed.pointId, known.file);
    return (await isReadable(path, known.lengthBytes)) ? readMapFile(path) : null;
  }

  /** A writer for the map that the running backup makes of a volume. */
  createPending(volume: number): Promise<MapFileWriter> {
    return MapFileWriter.create(this.pendingPath(volume));
  }

  /** A file for a map that comes from the server because the copy here is lost. */
  fetchedPath(volume: number): string {
    return join(this.directory, pendingName, `fetched-${String(volume)}`);
  }

  /** Puts the finished maps in the place of the old ones. */
  async commit(pointId: RestorePointId, volumes: readonly Readonly<{ volumeId: string; lengthBytes: number; mapRoot: Digest }>[]): Promise<void> {
    const pending = join(this.directory, pendingName);
    const contents: MapContents = { v: 1, pointId, volumes: volumes.map((volume, index) => ({ ...volume, file: `${String(index)}.map` })) };
    await Promise.all(volumes.map((_, index) => rm(this.fetchedPath(index), { force: true })));
    await writeDurably(join(pending, contentsName), JSON.stringify(contents));
    await rm(join(this.directory, pointId), { recursive: true, force: true });
    await rename(pending, join(this.directory, pointId));
    await syncDirectory(this.directory);
    for (const name of await readdir(this.directory)) if (name !== pointId) await rm(join(this.directory, name), { recursive: true, force: true });
  }

  /** Forgets the committed maps; the next run asks the server. */
  async forget(): Promise<void> {
    if (this.committed) await rm(join(this.directory, this.committed.pointId), { recursive: true, force: true });
  }

  private pendingPath(volume: number): string {
    return join(this.directory, pendingName, `${String(volume)}.map`);
  }
}

async function readContents(directory: string): Promise<MapContents | null> {
  const text = await readIfExists(directory, contentsName).catch(() => null);
  if (text === null) return null;
  try {
    return MapContents.parse(JSON.parse(text));
  } catch {
    // A cache that cannot be read is no cache; the server has the map.
    return null;
  }
}

async function isReadable(path: string, lengthBytes: number): Promise<boolean> {
  try {
    return await isMapFileSound(path, lengthBytes);
  } catch {
    // As above: unreadable means the server is asked.
    return false;
  }
}
