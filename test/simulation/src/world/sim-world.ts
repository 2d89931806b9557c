import { ComputerName, MachineId, randomHex128 } from '@lifeboat/model';
import { MemoryStoreFs } from '@lifeboat/store/testing';
import type { AgentWorld } from '../agent/agent-world.js';
import { SimAgent } from '../agent/sim-agent.js';
import { ReferenceModel } from '../model/reference-model.js';
import { makeVolume } from '../model/sim-volume.js';
import { MemoryCatalog } from '../server/memory-catalog.js';
import { ServerProcess } from '../server/server-process.js';
import { Chance } from './chance.js';
import { drawWireFaults } from './fault-script.js';
import { RecordedIndex } from './recorded-index.js';
import { Scheduler } from './scheduler.js';
import { SimClock } from './sim-clock.js';
import type { Trace } from './trace.js';
import { goodWire, type WireFaults } from './wire.js';

/** Everything there is, made from one seed. */
export class SimWorld implements AgentWorld {
  readonly chance: Chance;
  readonly clock = new SimClock();
  readonly scheduler: Scheduler;
  readonly model = new ReferenceModel();
  readonly catalog = new MemoryCatalog();
  readonly agents: readonly SimAgent[];
  readonly machines: readonly MachineId[];
  /** The server's disk, and its index on another part of it. */
  fs = new MemoryStoreFs();
  index = RecordedIndex.empty();
  wireFaults: WireFaults;
  isEnding = false;
  clockMoves = 0;
  /** The disk does something a good disk does not. */
  isDiskBad = false;
  /** An agent was told that the store does not write any more. */
  restartWanted = false;
  private readonly packBytesTarget: number;
  private readonly paceEvery: number;
  private attempts = 0;
  private up: ServerProcess | undefined;
  private waitingForUp: ((server: ServerProcess) => void)[] = [];

  constructor(seed: number, readonly trace: Trace) {
    this.chance = new Chance(seed);
    const { chance, clock } = this;
    this.scheduler = new Scheduler(chance.fork(), () => { clock.advance(chance.below(20)); });
    clock.scheduler = this.scheduler;
    this.packBytesTarget = chance.pick([8, 16, 64] as const) * 1024;
    this.paceEvery = chance.pick([0, 1, 3, 10] as const);
    this.wireFaults = drawWireFaults(chance);
    this.agents = Array.from({ length: chance.between(1, 3) }, (_, number) => this.makeAgent(number));
    this.machines = this.agents.map(({ machineId }) => machineId);
  }

  nextAttempt(): number {
    this.attempts += 1;
    return this.attempts;
  }

  whenUp(): Promise<ServerProcess> {
    const { up } = this;
    if (up?.isAlive) return Promise.resolve(up);
    return new Promise((resolve) => this.waitingForUp.push(resolve));
  }

  needsRestart(): void {
    this.restartWanted = true;
  }

  /** A new process on what the last one left. It is not up before {@link open}. */
  process(): ServerProcess {
    const { fs, index, scheduler, clock, packBytesTarget, paceEvery } = this;
    return new ServerProcess({ fs, index, scheduler, clock, chance: this.chance.fork(), packBytesTarget, paceEvery });
  }

  /** The server answers from here on. */
  open(server: ServerProcess): void {
    this.up = server;
    this.restartWanted = false;
    for (const resolve of this.waitingForUp.splice(0)) resolve(server);
  }

  /** Faults end. */
  end(): void {
    this.isEnding = true;
    this.wireFaults = goodWire;
  }

  private makeAgent(number: number): SimAgent {
    const { chance } = this;
    const volumes = Array.from({ length: chance.between(1, 2) }, (_, volume) => makeVolume(`disk/${String(volume)}`, chance));
    const name = `agent${String(number)}`;
    return new SimAgent(this, { machineId: MachineId.parse(randomHex128(chance)), name, computerName: ComputerName.parse(name), volumes, base: null });
  }
}
