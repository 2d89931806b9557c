import { createIngest, type Ingest } from '@lifeboat/ingest';
import { hours, type RestorePointId, type RestorePointManifest, type MachineId } from '@lifeboat/model';
import { openStore, type Store } from '@lifeboat/store';
import type { MemoryStoreFs } from '@lifeboat/store/testing';
import type { Chance } from '../world/chance.js';
import { PacedStoreFs } from '../world/paced-store-fs.js';
import type { RecordedIndex } from '../world/recorded-index.js';
import type { Scheduler } from '../world/scheduler.js';
import type { SimClock } from '../world/sim-clock.js';

/** A session that nothing was heard of for so long is given up; as in the server. */
export const parkedMaxMs = hours(24);

export type ProcessPorts = Readonly<{
  fs: MemoryStoreFs; index: RecordedIndex; scheduler: Scheduler; clock: SimClock; chance: Chance; packBytesTarget: number;
  /** One operation in so many lets others go on; 0 is none. */
  paceEvery: number;
}>;

/** One life of the server: the production store and ingest on a file system that it may die on. */
export class ServerProcess {
  /** While set, operations take no time: the world looks at the store, nobody else goes on. */
  calm = true;
  private alive = true;
  private die: () => void = () => undefined;
  /** Resolves when the process dies. */
  readonly death: Promise<void>;
  private opened: Readonly<{ store: Store; ingest: Ingest }> | undefined;

  constructor(readonly ports: ProcessPorts) {
    this.death = new Promise((resolve) => { this.die = resolve; });
  }

  get isAlive(): boolean {
    return this.alive;
  }

  get store(): Store {
    return this.parts.store;
  }

  get ingest(): Ingest {
    return this.parts.ingest;
  }

  /** Opens the store and its sessions; recovery happens here. Never resolves when the process dies in it. */
  async start(): Promise<void> {
    const { fs, index, clock, chance, packBytesTarget } = this.ports;
    const paced = new PacedStoreFs(fs, { pace: () => this.pace(), onDeath: () => { this.kill(); } });
    const store = await openStore({
      path: '(simulation)', fs: paced, locker: fs.locker, index: index.port, clock, random: chance.fork(), packBytesTarget, owner: { host: 'simulation', pid: 1 },
    });
    this.opened = { store, ingest: await createIngest({ store, clock, random: chance.fork(), parkedMaxMs }) };
  }

  /** The process is gone at once; nothing of it runs on. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.ports.fs.dieBefore = 0;
    this.ports.scheduler.drop(this);
    this.die();
  }

  /** Ends as a service does when it is stopped. */
  async close(): Promise<void> {
    await this.ingest.close();
    await this.store.close();
    this.alive = false;
    this.ports.scheduler.drop(this);
    this.die();
  }

  /** Manifest of a machine's own point, as the server answers it for a base. */
  readonly findBase = (machineId: MachineId) => (pointId: RestorePointId): Promise<RestorePointManifest> => this.store.readManifest(machineId, pointId);

  private get parts(): Readonly<{ store: Store; ingest: Ingest }> {
    if (!this.opened) throw new TypeError('the server is not up');
    return this.opened;
  }

  private pace(): Promise<void> | undefined {
    if (this.calm || !this.ports.chance.oneIn(this.ports.paceEvery)) return undefined;
    return this.ports.scheduler.pause(this);
  }
}

/** The code of an error as an agent would see it. */
export const codeOfError = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : error instanceof Error ? error.name : String(error));
