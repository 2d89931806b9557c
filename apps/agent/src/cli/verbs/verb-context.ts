import type { AgentConfig } from '../../config/agent-config.js';
import type { Printer } from '../printer.js';

/** What every verb gets: settings, where to print, and a signal that aborts with RUN_STOPPED when the user or the system ends the command. */
export type VerbContext = Readonly<{ config: AgentConfig; printer: Printer; signal: AbortSignal }>;

/** A verb returns its exit code; errors are printed and mapped by the caller. */
export type Verb<Options> = (options: Options, context: VerbContext) => Promise<number>;
