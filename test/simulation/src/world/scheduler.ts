import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Chance } from './chance.js';
import { SimulationFailed } from './simulation-failed.js';

/** Whoever waits, or null for the world itself. What a dead owner waited for never comes. */
export type Owner = object | null;

/** Turns given to production code that yields by itself before it counts as waiting for nothing. */
const idleTurnsMax = 200;

/**
 * Decides what goes on next. All concurrency of a world meets here: whoever waits is continued in an order drawn by lot, one at a time, and everything that
 * follows from it at once happens before the next.
 */
export class Scheduler {
  private waiting: { owner: Owner; resume: () => void }[] = [];
  /** Steps taken so far. */
  steps = 0;

  constructor(
    private readonly chance: Chance,
    private readonly onStep: () => void,
  ) {}

  /** Waits for its turn. */
  pause(owner: Owner): Promise<void> {
    return new Promise((resume) => {
      this.waiting.push({ owner, resume });
    });
  }

  /** Waits `count` times for its turn. */
  async pauses(owner: Owner, count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await this.pause(owner);
  }

  /** Forgets everything an owner waits for: it is dead. */
  drop(owner: object): void {
    this.waiting = this.waiting.filter((waiter) => waiter.owner !== owner);
  }

  /** Goes on until `done`. @throws SimulationFailed when nobody can go on, or after `stepsMax` steps. */
  async run(done: () => boolean, stepsMax = Number.POSITIVE_INFINITY): Promise<void> {
    const end = this.steps + stepsMax;
    let idleTurns = 0;
    await nextTurn();
    while (!done()) {
      if (this.steps >= end) throw new SimulationFailed(`nothing came to an end within ${String(stepsMax)} steps`);
      idleTurns = this.resumeOne() ? 0 : idleTurns + 1;
      if (idleTurns > idleTurnsMax) throw new SimulationFailed('everybody waits for somebody else');
      await nextTurn();
    }
  }

  /** Goes on until a task has ended, and gives its result. */
  async settle<T>(task: Promise<T>, stepsMax?: number): Promise<T> {
    let ended = false;
    const end = (): void => { ended = true; };
    task.then(end, end);
    await this.run(() => ended, stepsMax);
    return task;
  }

  private resumeOne(): boolean {
    const index = this.chance.below(this.waiting.length);
    const next = this.waiting[index];
    if (!next) return false;
    const last = this.waiting.pop();
    if (last && last !== next) this.waiting[index] = last;
    this.steps += 1;
    this.onStep();
    next.resume();
    return true;
  }
}
