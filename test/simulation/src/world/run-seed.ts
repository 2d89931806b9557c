import { days, type SessionId } from '@lifeboat/model';
import { checkStore } from '@lifeboat/store';
import type { ModelPoint } from '../model/reference-model.js';
import { verifySessions } from '../model/verify-sessions.js';
import { verifyStore } from '../model/verify-store.js';
import { collectGarbage, runAdmin } from '../server/admin.js';
import { codeOfError, parkedMaxMs, type ServerProcess } from '../server/server-process.js';
import { drawDiskFaults, drawWireFaults } from './fault-script.js';
import { RecordedIndex } from './recorded-index.js';
import { SimWorld } from './sim-world.js';
import { ensure, SimulationFailed } from './simulation-failed.js';
import { Trace } from './trace.js';

/** What one world went through. */
export type SeedReport = Readonly<{ seed: number; hash: string; crashes: number; recoveries: number; points: number; steps: number; operations: number }>;

/** Crashes inside a recovery that may follow each other. */
const recoveryDepthMax = 3;
/** Far more than any world needs to come to an end once nothing goes wrong. */
const endStepsMax = 200_000;
/** Operations of the file system in one life of the server, at most. Short lives are many crashes, long ones get further. */
const lifeOperationsMax = [40, 120, 400] as const;

/**
 * Runs the world of a seed: agents back up to a server that is crashed again and again, and after each crash everything that was promised is checked. In the end the faults
 * stop and everybody must come to an end.
 * @throws SimulationFailed a promise was broken, and whatever production code throws that nobody foresees.
 */
export async function runSeed(seed: number, onLine?: (line: string) => void): Promise<SeedReport> {
  return new SeedRun(seed, new Trace(onLine)).run();
}

class SeedRun {
  private readonly world: SimWorld;
  private crashes = 0;
  private recoveries = 0;
  private operations = 0;
  private failure: Error | undefined;
  private readonly seen = new Set<string>();

  constructor(private readonly seed: number, private readonly trace: Trace) {
    this.world = new SimWorld(seed, trace);
  }

  async run(): Promise<SeedReport> {
    const { world, trace } = this;
    const agents = world.agents.map((agent) => this.watch(agent.live()));
    for (let lives = world.chance.between(3, 10); lives > 0; lives -= 1) await this.live();
    world.end();
    const server = await this.recover();
    world.open(server);
    server.calm = false;
    const ended = Promise.all(agents);
    await this.until(() => false, ended);
    await this.finish(server);
    return { seed: this.seed, hash: trace.hash, crashes: this.crashes, recoveries: this.recoveries, points: world.model.points.size, steps: world.scheduler.steps, operations: this.operations };
  }

  /** One life of the server: start, work until it dies, and what is left of it then. */
  private async live(): Promise<void> {
    const { world, trace } = this;
    const { chance, scheduler } = world;
    const server = await this.recover();
    if (chance.oneIn(3)) this.moveClock();
    if (chance.oneIn(3)) world.wireFaults = drawWireFaults(chance);
    const faults = drawDiskFaults(chance);
    trace.add(`disk: ${faults.name}`);
    world.isDiskBad = faults.isBad;
    faults.arm(world.fs);
    world.fs.dieBefore = world.fs.operations + chance.between(1, chance.pick(lifeOperationsMax));
    server.calm = false;
    world.open(server);
    const admin = this.watch(runAdmin(world, server));
    const end = scheduler.steps + chance.between(20, chance.pick(lifeOperationsMax));
    await this.until(() => !server.isAlive || world.restartWanted || scheduler.steps >= end);
    if (server.isAlive && !world.restartWanted && chance.oneIn(4)) await this.closeProperly(server);
    await this.crash(server);
    await Promise.race([admin, server.death]);
  }

  /** Starts a server on what the last left, dying in it up to three times, and checks every promise. */
  private async recover(): Promise<ServerProcess> {
    const { world } = this;
    for (let depth = 0; depth < recoveryDepthMax && world.chance.oneIn(4); depth += 1) {
      const server = world.process();
      world.fs.dieBefore = world.fs.operations + world.chance.between(1, 80);
      drawDiskFaults(world.chance).arm(world.fs);
      // A recovery may fail on a failing disk; it may not make anything worse, which the next one shows.
      const started = server.start().catch((error: unknown) => { this.trace.add(`start: ${codeOfError(error)}`); });
      await this.until(() => false, Promise.race([started, server.death]));
      await this.crash(server);
    }
    world.isDiskBad = false;
    const server = world.process();
    await server.start();
    this.recoveries += 1;
    await this.verify(server);
    return server;
  }

  /** Points not read since they were made, and one of the others. In the end all are read. */
  private newest(points: readonly ModelPoint[]): readonly ModelPoint[] {
    const fresh = points.filter(({ pointId }) => !this.seen.has(pointId));
    for (const { pointId } of fresh) this.seen.add(pointId);
    const old = this.world.chance.pick(points);
    return old && !fresh.includes(old) ? [...fresh, old] : fresh;
  }

  private async verify(server: ServerProcess, all = false): Promise<void> {
    const { world } = this;
    await verifyStore(server.store, world.model, { machines: world.machines, ...(all ? {} : { choose: (points) => this.newest(points) }) });
    await verifySessions(server, world.model, world.machines);
    await world.catalog.catchUp(server.store);
    world.catalog.assertPoints(world.model.alive().map(({ pointId }) => pointId));
  }

  private async closeProperly(server: ServerProcess): Promise<void> {
    // A disk that fails while a server closes is as good as a crash.
    await this.until(() => !server.isAlive, server.close().catch((error: unknown) => { this.trace.add(`close: ${codeOfError(error)}`); }));
  }

  /** Ends a life: the process is killed, or the machine loses power. */
  private async crash(server: ServerProcess): Promise<void> {
    const { world, trace } = this;
    const { chance } = world;
    const { fs } = world;
    server.kill();
    this.crashes += 1;
    this.operations += fs.operations;
    const how = chance.pick(['kill', 'power', 'power'] as const);
    const cut = chance.pick(['best', 'worst', (count: number) => chance.below(count), (count: number) => chance.below(count)] as const);
    trace.add(`${how} at operation ${String(fs.operations)}${typeof cut === 'string' && how === 'power' ? `, ${cut}` : ''}`);
    world.fs = fs.crash(how, cut);
    world.fs.lastWriteBytes = (lengthBytes) => chance.below(lengthBytes + 1);
    world.catalog.restart();
    if (how === 'power' && chance.oneIn(2)) world.catalog.losePower(chance);
    // The index is on the same disk, or was deleted.
    if (chance.oneIn(3)) world.index = await world.index.after(how === 'power' ? chance.below(world.index.length + 1) : 0);
  }

  private moveClock(): void {
    const { clock, chance, model } = this.world;
    if (chance.oneIn(2)) clock.advance(days(chance.between(0, 3)));
    else clock.jump(chance);
    model.mayEnd();
    this.world.clockMoves += 1;
    this.trace.add(`clock ${String(clock.nowMs())}`);
  }

  /** Steps on until a condition or a task ends it; what fails meanwhile fails the run. */
  private async until(done: () => boolean, task?: Promise<unknown>): Promise<void> {
    const state = { hasEnded: false };
    const end = (): void => { state.hasEnded = true; };
    task?.then(end, end);
    await this.world.scheduler.run(() => state.hasEnded || this.failure !== undefined || done(), endStepsMax);
    if (this.failure !== undefined) throw this.failure;
    if (state.hasEnded) await task;
  }

  private watch(task: Promise<unknown>): Promise<unknown> {
    return task.catch((error: unknown) => { this.failure ??= error instanceof Error ? error : new SimulationFailed(String(error)); });
  }

  /** Nothing goes wrong any more: everything is whole, nothing of the sessions is left a day later, and an independent check finds no damage. */
  private async finish(server: ServerProcess): Promise<void> {
    const { world } = this;
    const { clock, fs, scheduler } = world;
    server.calm = true;
    await this.verify(server, true);
    clock.advance(parkedMaxMs + 1);
    const open = server.ingest.list().map(({ sessionId }) => sessionId);
    const expired: readonly SessionId[] = await scheduler.settle(server.ingest.expireParked(), endStepsMax);
    server.calm = true;
    ensure(expired.length === open.length && server.ingest.list().length === 0, () => `${String(open.length - expired.length)} sessions do not expire`);
    const collected = await scheduler.settle(collectGarbage(world, server, true), endStepsMax);
    await verifyStore(server.store, world.model, { machines: world.machines });
    await scheduler.settle(server.close(), endStepsMax);
    const left = fs.paths().filter((path) => path.startsWith('sessions/'));
    ensure(left.length === 0, () => `expired sessions left ${left.join(' ')}`);
    const report = await checkStore({ path: '(simulation)', fs, locker: fs.locker, readData: true });
    ensure(report.clean, () => `fsck: ${JSON.stringify(report.findings.filter(({ severity }) => severity === 'damage'))} ${JSON.stringify(report.damage)}`);
    // What a commit left that never reached the ledger is evidence, and kept.
    ensure(report.unreferenced.chunks === 0 || collected.uncommittedPoints > 0, () => `garbage is left: ${JSON.stringify(report.unreferenced)}`);
    ensure(report.checked.points === world.model.alive().length, () => `fsck counts ${String(report.checked.points)} points, the model ${String(world.model.alive().length)}`);
    world.index = RecordedIndex.empty();
    const again = world.process();
    await scheduler.settle(again.start(), endStepsMax);
    await verifyStore(again.store, world.model, { machines: world.machines });
    for (const path of fs.paths()) this.trace.add(`${path} ${String(fs.bytesOf(path).length)}`);
  }
}
