import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isLifeboatError } from '@lifeboat/model';
import { UsageInvalid } from '../errors/agent-errors.js';
import { exitCodeOf } from '../errors/exit-codes.js';
import { removeIfExists } from '../identity/durable-file.js';
import type { BackupRunner } from './backup-runner.js';
import { LocalRequest, type LocalAnswer, type LocalStatus } from './local-messages.js';

/** Longest path a unix socket may have on Linux (unix(7)), without the terminating zero. */
export const socketPathBytesMax = 107;

/** Path of the local socket; only the owner of the state directory reaches it. */
export const localSocketPath = (stateDir: string): string => join(stateDir, 'agent.sock');

type PointList = Extract<LocalAnswer, { event: 'versions' }>['points'];

export type LocalServerOptions = Readonly<{ stateDir: string; runner: BackupRunner; role: LocalStatus['role']; connection: () => LocalStatus['connection']; listPoints: () => Promise<PointList> }>;

/**
 * Answers `get status`, `stop job` and, in the daemon, `start backup` of commands with the same state directory. The caller holds the agent lock,
 * so an old socket file is nobody's.
 *
 * @returns a function that closes it. With a state directory whose path is too long for a socket there is none, and nothing to close.
 */
export async function serveLocally(options: LocalServerOptions): Promise<() => Promise<void>> {
  const path = localSocketPath(options.stateDir);
  if (Buffer.byteLength(path) > socketPathBytesMax) return () => Promise.resolve();
  await removeIfExists(path);
  const server = createServer((socket) => { serveOne(socket, options); });
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(path, resolve); });
  server.unref();
  await chmod(path, 0o600);
  return () => closeServer(server);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => { resolve(); }));
}

function serveOne(socket: Socket, options: LocalServerOptions): void {
  const tell = (answer: LocalAnswer): void => { if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`); };
  socket.on('error', () => { socket.destroy(); });
  createInterface({ input: socket }).once('line', (line) => {
    answerOne(line, options, tell)
      .catch((error: unknown) => { tell(failureOf(error)); })
      .finally(() => { socket.end(); });
  });
}

async function answerOne(line: string, options: LocalServerOptions, tell: (answer: LocalAnswer) => void): Promise<void> {
  const request = LocalRequest.parse(JSON.parse(line));
  switch (request.ask) {
    case 'status':
      tell({ event: 'status', status: statusOf(options) });
      return;
    case 'versions':
      tell({ event: 'versions', points: [...(await options.listPoints())] });
      return;
    case 'stop':
      tell({ event: 'stopped', running: options.runner.stop(request.now) });
      return;
    case 'backup': {
      if (options.role !== 'daemon') throw new UsageInvalid('this agent process serves one command only');
      const watcher = { onProgress: (progress: Extract<LocalAnswer, { event: 'progress' }>['progress']) => { tell({ event: 'progress', progress }); }, onMessage: (sentence: string) => { tell({ event: 'message', sentence }); } };
      tell({ event: 'report', report: await options.runner.run({ only: request.only, allowInconsistent: request.allowInconsistent, jobId: null }, watcher) });
    }
  }
}

function statusOf(options: LocalServerOptions): LocalStatus {
  const { running } = options.runner;
  return { role: options.role, connection: options.connection(), running: running && { startedAtMs: running.startedAtMs, jobId: running.jobId, progress: running.progress } };
}

function failureOf(error: unknown): LocalAnswer {
  const known = isLifeboatError(error) ? error : null;
  return {
    event: 'failure', code: known?.code ?? 'INTERNAL_ERROR', message: known?.message ?? 'the agent met an unexpected error', remedy: known?.remedy ?? null,
    details: { ...known?.details }, exitCode: exitCodeOf(error),
  };
}
