import { isLifeboatError } from '@lifeboat/model';
import type { RunningServer } from './start-server.js';

/** Says where the server is, and on the first start the secret that lets the first operator in. */
export function printStarted(server: RunningServer): void {
  console.log(`Lifeboat is running at ${server.url}`);
  if (server.firstRun === null) return;
  console.log(`First start: log in with this secret. It is shown once, and kept in first-run.json in the data directory.\n\n    ${server.firstRun.token}\n`);
}

export function printStopping(): void {
  console.error('Stopping: what agents sent is being made durable.');
}

/** Says in sentences why the server did not start. */
export function printFailure(error: unknown): void {
  if (!isLifeboatError(error)) {
    console.error('The server ended because of an unexpected error:', error);
    return;
  }
  console.error(`${error.code}: ${error.message}`);
  const problems = error.details['problems'];
  if (Array.isArray(problems)) for (const problem of problems) console.error(`  ${String(problem)}`);
  else if (Object.keys(error.details).length > 0) console.error(`  ${Object.entries(error.details).map(([name, value]) => `${name}: ${String(value)}`).join(' · ')}`);
  if (error.remedy !== undefined) console.error(`  ${error.remedy}`);
}
