import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { hours, minutes } from '@lifeboat/model';
import { ConfigInvalid } from '../errors/agent-errors.js';
import { parseDurationMs } from './duration.js';

const duration = (fallbackMs: number) =>
  z.string().optional().transform((text, context) => {
    const parsed = text === undefined ? fallbackMs : parseDurationMs(text);
    if (parsed === null) context.addIssue({ code: 'custom', message: 'write a duration such as 90s, 30m, 8h or 2d' });
    return parsed ?? 0;
  });

/**
 * Everything the environment may say. `LIFEBOAT_STATE` state directory · `LIFEBOAT_UNREACHABLE_MAX` how long a run waits for a server that
 * does not answer · `LIFEBOAT_PARKED_MAX` how long it waits while the server asks to come back later · `LIFEBOAT_LOG_LEVEL` of the daemon's log.
 */
const environment = z.object({
  LIFEBOAT_STATE: z.string().min(1).optional(),
  LIFEBOAT_UNREACHABLE_MAX: duration(minutes(30)),
  LIFEBOAT_PARKED_MAX: duration(hours(24)),
  LIFEBOAT_LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  NO_COLOR: z.string().optional(),
});

/** The agent's settings; durations in milliseconds. */
export type AgentConfig = Readonly<{
  stateDir: string; unreachableMaxMs: number; parkedMaxMs: number; logLevel: 'error' | 'warn' | 'info' | 'debug'; color: boolean;
}>;

/**
 * Reads the settings once, from the environment.
 * @throws ConfigInvalid (CONFIG_INVALID) naming every bad key.
 */
export function loadAgentConfig(env: NodeJS.ProcessEnv = process.env): AgentConfig {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new ConfigInvalid(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  const values = parsed.data;
  return Object.freeze({
    stateDir: values.LIFEBOAT_STATE ?? defaultStateDir(),
    unreachableMaxMs: values.LIFEBOAT_UNREACHABLE_MAX,
    parkedMaxMs: values.LIFEBOAT_PARKED_MAX,
    logLevel: values.LIFEBOAT_LOG_LEVEL,
    color: values.NO_COLOR === undefined,
  });
}

const defaultStateDir = (): string => (process.getuid?.() === 0 ? '/var/lib/lifeboat-agent' : join(homedir(), '.local', 'state', 'lifeboat-agent'));
