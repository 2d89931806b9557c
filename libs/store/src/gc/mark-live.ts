import type { Digest, RestorePointManifest } from '@lifeboat/model';
import { DigestSet } from '../binary/digest-set.js';
import { walkClosure } from '../commit/walk-closure.js';
import { ChunkMissing } from '../errors.js';
import type { CommittedPoint } from '../point/committed-points.js';
import { GcRootUnreadable } from './gc-errors.js';
import type { CollectGarbageOptions, MapRoot } from './gc-options.js';
import type { GcPorts } from './gc-ports.js';
import { LiveSet } from './live-set.js';

/** What is live. `pointPlainBytes` is what points alone keep; `dataBytesOf` what each point names, by its key, which is the most its purge may free. */
export type LiveMark = Readonly<{ live: LiveSet; liveChunks: number; livePlainBytes: number; pointPlainBytes: number; points: number; dataBytesOf: ReadonlyMap<string, number> }>;

type MarkOptions = Pick<CollectGarbageOptions, 'sessions' | 'extraPoints' | 'signal' | 'onProgress'>;

/**
 * Finds everything that committed points and sessions rely on, from manifests and pages alone. Every page is read and verified; the first one that cannot be used
 * ends the mark. Cost: reads each distinct page once. Memory: 3 bytes for each chunk of the store, 55 to 110 for each distinct page.
 *
 * @param leftovers manifests of point files that no ledger record speaks of; they count as roots as far as they can be read.
 * @throws GcRootUnreadable (GC_ROOT_UNREADABLE).
 */
export async function markLive(ports: GcPorts, options: MarkOptions, leftovers: readonly RestorePointManifest[]): Promise<LiveMark> {
  const marker = new Marker(ports, options.signal);
  const points = ports.points.all();
  const dataBytesOf = new Map<string, number>();
  for (const [index, point] of points.entries()) {
    options.signal?.throwIfAborted();
    const dataBytes = await marker.markPoint(point);
    if (dataBytes !== undefined) dataBytesOf.set(`${point.machineId}/${point.pointId}`, dataBytes);
    options.onProgress?.({ phase: 'mark', done: index + 1, total: points.length });
  }
  const pointPlainBytes = marker.livePlainBytes;
  for (const manifest of leftovers) for (const map of mapsOf(manifest)) await marker.markLeniently(map);
  await marker.markSessions(options);
  const { live, liveChunks, livePlainBytes } = marker;
  return { live, liveChunks, livePlainBytes, pointPlainBytes, points: dataBytesOf.size, dataBytesOf };
}

class Marker {
  readonly live: LiveSet;
  liveChunks = 0;
  livePlainBytes = 0;
  private readonly pages = new DigestSet();

  constructor(
    private readonly ports: GcPorts,
    private readonly signal: AbortSignal | undefined,
  ) {
    const waiting = ports.appender.unindexed();
    // Only the size of the filter relies on the index; a wrong one costs space, never a chunk.
    this.live = new LiveSet(ports.index.totals().chunks + waiting.chunks);
  }

  /** @returns bytes of data the point names; undefined when it was purged meanwhile. */
  async markPoint(point: CommittedPoint): Promise<number | undefined> {
    const { machineId, pointId } = point;
    const manifest = await this.readManifest(point);
    if (!manifest) return undefined;
    try {
      for (const map of mapsOf(manifest)) await this.walk(map);
    } catch (error) {
      this.signal?.throwIfAborted();
      // Even when it was purged meanwhile: pages above the failure count as walked, and other points may share them.
      throw new GcRootUnreadable({ machineId, pointId }, error);
    }
    return manifest.disks.flatMap(({ volumes }) => volumes).reduce((sum, { counts }) => sum + counts.dataBytes, 0);
  }

  /** Marks what is there of a map that no commit vouches for. */
  async markLeniently(map: MapRoot): Promise<void> {
    await this.walk(map, ({ error }) => {
      if (!(error instanceof ChunkMissing)) throw new GcRootUnreadable({ digest: map.digest }, error);
    });
  }

  async markSessions({ sessions, extraPoints }: MarkOptions): Promise<void> {
    const visit = (digest: Digest): void => {
      if (this.live.add(digest)) this.count(this.ports.appender.locate(digest)?.lengthBytes ?? 0);
    };
    const answer = sessions(visit);
    if ('then' in answer) await answer;
    else for await (const digest of answer) visit(digest);
    for await (const map of extraPoints?.() ?? []) await this.markLeniently(map);
  }

  private async readManifest(point: CommittedPoint): Promise<RestorePointManifest | undefined> {
    const { points, pointFiles } = this.ports;
    try {
      return await pointFiles.read(point);
    } catch (error) {
      if (!points.find(point.machineId, point.pointId)) return undefined;
      throw new GcRootUnreadable({ machineId: point.machineId, pointId: point.pointId }, error);
    }
  }

  private async walk(map: MapRoot, onLostPage?: Parameters<typeof walkClosure>[1]['onLostPage']): Promise<void> {
    await walkClosure(map, {
      getPage: this.ports.readPage,
      enter: (digest) => {
        this.live.add(digest);
        return this.pages.add(digest);
      },
      onChunk: ({ digest, lengthBytes }) => {
        if (this.live.add(digest)) this.count(lengthBytes);
      },
      ...(onLostPage ? { onLostPage } : {}),
    }, this.signal);
  }

  private count(plainBytes: number): void {
    this.liveChunks += 1;
    this.livePlainBytes += plainBytes;
  }
}

function mapsOf(manifest: RestorePointManifest): MapRoot[] {
  return manifest.disks.flatMap(({ volumes }) => volumes.map(({ mapRoot, lengthBytes }) => ({ digest: mapRoot, lengthBytes })));
}
