import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { stepsMax } from '../exhaustive/list-cases.js';

/**
 * What to run: worlds from `seed` on until they have crashed `crashes` times, or the one world of `seed` with its trace, or
 * every workload of up to `steps` store operations.
 */
export type RunOptions = Readonly<{ kind: 'many'; crashes: number; seed: number; workers: number } | { kind: 'one'; seed: number } | { kind: 'exhaustive'; steps: number; workers: number }>;

/** The command line cannot be understood; the message says why. */
export class UsageInvalid extends Error {
  readonly code = 'USAGE_INVALID';
}

const crashesDefault = 10_000;

/** @throws UsageInvalid for anything but the options of this command. */
export function parseRunOptions(argv: readonly string[]): RunOptions {
  const { values } = parse(argv);
  const workers = values.workers === undefined ? availableParallelism() : countOf('--workers', values.workers);
  if (values.exhaustive === true) return { kind: 'exhaustive', steps: values.steps === undefined ? stepsMax : countOf('--steps', values.steps), workers };
  const seed = values.seed === undefined ? 1 : countOf('--seed', values.seed);
  if (values.seed !== undefined && values.crashes === undefined) return { kind: 'one', seed };
  return { kind: 'many', crashes: values.crashes === undefined ? crashesDefault : countOf('--crashes', values.crashes), seed, workers };
}

function parse(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>> {
  try {
    return parseArgs({ args: [...argv], options });
  } catch (error) {
    throw new UsageInvalid(error instanceof Error ? error.message : String(error));
  }
}

const options = { crashes: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' }, exhaustive: { type: 'boolean' }, steps: { type: 'string' } } as const;

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageInvalid(`${name} takes a whole number from 1 on, not ${text}`);
  return count;
}
