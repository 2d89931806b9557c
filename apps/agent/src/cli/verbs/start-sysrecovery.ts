import { NotSupportedYet } from '../../errors/agent-errors.js';
import type { Verb } from './verb-context.js';

export type StartSysrecoveryOptions = Readonly<{ version: string; disk: readonly string[]; volume: readonly string[]; recreateDisks: boolean; dryRun: boolean; confirmSerial: readonly string[] }>;

/** `start sysrecovery`. */
export const startSysrecoveryVerb: Verb<StartSysrecoveryOptions> = () => Promise.reject(new NotSupportedYet('bare-metal restore', 'Wait.'));
