import { isLifeboatError, walkMap, type Clock, type MachineId, type MapEntry, type Random, type RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import type { SessionOpen } from '@lifeboat/protocol';
import { createIngest } from '../create-ingest.js';
import type { BackupSession, Ingest } from '../ingest.js';
import { MemoryIngestStore } from './memory-ingest-store.js';
import { machineA } from './sample-agent.js';

/** A server's ingest on a store in memory, whose power can be cut. Time stands still unless moved. */
export class SampleServer {
  readonly store = new MemoryIngestStore();
  nowMs = 1_000_000;
  private ids = 0;
  private readonly clock: Clock = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs, sleep: () => Promise.resolve() };
  private readonly random: Random = { bytes: (count) => new Uint8Array(count).fill((this.ids += 1)) };

  private constructor(private current: Ingest | undefined) {}

  static async start(): Promise<SampleServer> {
    const server = new SampleServer(undefined);
    await server.restart();
    return server;
  }

  get ingest(): Ingest {
    return this.current ?? fail();
  }

  /** A new process over the same store; the old one is just forgotten. */
  async restart(): Promise<void> {
    this.current = await createIngest({ store: this.store, clock: this.clock, random: this.random, parkedMaxMs: 60_000 });
  }

  async crash(pick: (choices: number) => number): Promise<void> {
    this.store.crash(pick);
    await this.restart();
  }

  open(open: SessionOpen, machineId: MachineId = machineA): Promise<BackupSession> {
    return this.ingest.open({ machineId, open, findBase: (pointId) => this.findBase(pointId) });
  }

  private async findBase(pointId: RestorePointId): Promise<RestorePointManifest> {
    const owner = this.store.ledger.find(({ event }) => event.type === 'point.committed' && event.pointId === pointId);
    return this.store.readManifest(owner?.event.type === 'point.committed' ? owner.event.machineId : machineA, pointId);
  }

  /** The map of a committed volume, as a restore would read it. */
  async readMap(manifest: RestorePointManifest, volumeId: string): Promise<MapEntry[]> {
    const volume = manifest.disks.flatMap((disk) => disk.volumes).find((each) => each.volumeId === volumeId) ?? fail();
    return collect(walkMap({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage: this.store.readPage }));
  }
}

function fail(): never {
  throw new TypeError('the test asks for something that is not there');
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** The code a promise fails with, or `none`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isLifeboatError(error) ? error.code : String(error);
  }
}
