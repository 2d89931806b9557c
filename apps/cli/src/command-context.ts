import type { Clock } from '@lifeboat/model';
import type { ApiClient } from './api/api-client.js';
import type { Settings } from './config/settings.js';
import type { ExitCode } from './exit-codes.js';
import type { Printer } from './output/printer.js';

/** What a command works with. */
export type CommandContext = Readonly<{
  /** A client for the server of the settings; throws CONFIG_INVALID when they cannot be understood. */
  api: () => ApiClient;
  settings: () => Settings;
  userFile: string;
  printer: Printer;
  clock: Clock;
  /** Aborts when a person presses Ctrl-C. */
  signal: AbortSignal;
  /** Nothing may be asked. */
  noInput: boolean;
}>;

/** Makes the action of a command out of a function; the program turns its result into the exit of the process. */
export type Bind = <Args extends readonly unknown[]>(run: (context: CommandContext, ...args: Args) => Promise<ExitCode>) => (...args: Args) => Promise<void>;
