import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgresFailed } from './embedded-postgres-errors.js';
import type { UnprivilegedLauncher } from './unprivileged-launcher.js';

/** Replaying the write-ahead log after a power cut takes minutes at most: the catalog is small. */
const readyMaxMs = 10 * 60_000;
const stopMaxMs = 60_000;
const logBytesKept = 8000;
/** The children of a postmaster that was killed hold its shared memory for a moment longer. */
const memoryStillUsed = 'pre-existing shared memory block';
const startsMax = 20;
const restartPauseMs = 250;

/** Durability is not left to a configuration file: what is confirmed is on disk. Command-line settings win over all files. */
const settings = [
  'listen_addresses=', 'unix_socket_permissions=0700', 'fsync=on', 'synchronous_commit=on', 'full_page_writes=on',
  'max_connections=100', 'shared_buffers=64MB', 'log_destination=stderr', 'logging_collector=off', 'log_timezone=UTC',
];

export type PostgresRun = Readonly<{ launcher: UnprivilegedLauncher; program: string; dataDir: string; socketDir: string; onUnexpectedExit?: (log: string) => void }>;

/**
 * Runs the server program until it accepts connections.
 * @throws EmbeddedPostgresFailed (EMBEDDED_POSTGRES_FAILED) with the end of its log.
 */
export async function runPostgres(run: PostgresRun): Promise<{ stop(): Promise<void> }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(run);
    } catch (error) {
      const mayPass = error instanceof EmbeddedPostgresFailed && String(error.details['log']).includes(memoryStillUsed);
      if (!mayPass || attempt === startsMax) throw error;
      await pause(restartPauseMs);
    }
  }
}

async function runOnce({ launcher, program, dataDir, socketDir, onUnexpectedExit }: PostgresRun): Promise<{ stop(): Promise<void> }> {
  const child = launcher.start(program, ['-D', dataDir, '-k', socketDir, ...settings.flatMap((setting) => ['-c', setting])]);
  let log = '';
  let stopping = false;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => { resolve(String(signal ?? code)); });
    child.once('error', (error) => { resolve(error.message); });
  });
  const ready = new Promise<'ready'>((resolve) => {
    child.stderr.on('data', (text: Buffer) => {
      log = (log + text.toString()).slice(-logBytesKept);
      if (log.includes('ready to accept connections')) resolve('ready');
    });
  });
  const timeout = new AbortController();
  const outcome = await Promise.race([ready, exited, pause(readyMaxMs, 'timeout', { signal: timeout.signal, ref: false })]);
  timeout.abort();
  if (outcome !== 'ready') {
    child.kill('SIGKILL');
    await exited;
    throw new EmbeddedPostgresFailed({ step: 'postgres', status: outcome, log });
  }
  void exited.then(() => {
    if (!stopping) onUnexpectedExit?.(log);
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGINT');
    // An immediate shutdown is safe too; the next start replays the log.
    const impatience = setTimeout(() => child.kill('SIGQUIT'), stopMaxMs);
    await once(child, 'exit');
    clearTimeout(impatience);
  };
  return { stop };
}
