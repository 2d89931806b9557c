import type { SimClock } from '../world/sim-clock.js';
import type { Chance } from '../world/chance.js';
import type { ReferenceModel } from '../model/reference-model.js';
import type { Scheduler } from '../world/scheduler.js';
import type { Trace } from '../world/trace.js';
import type { WireFaults } from '../world/wire.js';
import type { ServerProcess } from '../server/server-process.js';

/** What an agent sees of its world. */
export interface AgentWorld {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly clock: SimClock;
  readonly model: ReferenceModel;
  readonly trace: Trace;
  /** How bad the lines are at the moment. */
  readonly wireFaults: WireFaults;
  /** No more faults: whoever is at work comes to an end. */
  readonly isEnding: boolean;
  /** How often somebody has moved the clock. */
  readonly clockMoves: number;
  /** Number for the next backup that may become a point. */
  nextAttempt(): number;
  /** The server, as soon as it is up. */
  whenUp(): Promise<ServerProcess>;
  /** The server says that it needs to be started again. */
  needsRestart(): void;
}

/** The server cannot be reached, or its answer was lost. */
export class Disconnected extends Error {
  readonly code = 'DISCONNECTED';
}

/** Asks the server something over a control connection that may lose the question or the answer, or ask twice. */
export async function request<T>(world: AgentWorld, ask: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = await world.whenUp();
  const lost = (): boolean => !world.isEnding && world.chance.oneIn(world.wireFaults.drop * 2);
  await world.scheduler.pause(null);
  if (!server.isAlive || lost()) throw new Disconnected();
  const answers = [ask(server)];
  if (!world.isEnding && world.chance.oneIn(world.wireFaults.duplicate * 2)) answers.push(ask(server));
  const died = server.death.then((): never => { throw new Disconnected(); });
  const [answer] = await Promise.race([Promise.all(answers), died]);
  if (lost() || answer === undefined) throw new Disconnected();
  return answer;
}
