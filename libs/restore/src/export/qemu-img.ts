import { spawn } from 'node:child_process';
import { ExportToolMissing } from './export-errors.js';

const outputCharactersMax = 2000;
/** Between asking to stop and ending it. */
const patienceMs = 5000;

/** How qemu-img ended: its exit code or signal, and the end of what it printed. */
export type QemuImgOutcome = Readonly<{ exit: string; said: string }>;

export type QemuImgOptions = Readonly<{ program: string; signal: AbortSignal | undefined }>;

/**
 * Runs qemu-img to its end, without a shell. Aborting ends it.
 *
 * @throws ExportToolMissing (EXPORT_TOOL_MISSING), or the signal's reason once the process is gone.
 */
export async function runQemuImg(args: readonly string[], { program, signal }: QemuImgOptions): Promise<QemuImgOutcome> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const listen = (text: Buffer): void => { said = (said + text.toString('utf8')).slice(-outputCharactersMax); };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killTimer = setTimeout(() => { child.kill('SIGKILL'); }, patienceMs);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const exit = await new Promise<string>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => { reject(error.code === 'ENOENT' ? new ExportToolMissing({ program }, error) : error); });
      child.once('close', (code, endedBy) => { resolve(endedBy ?? String(code)); });
    });
    signal?.throwIfAborted();
    return { exit, said: said.trim() };
  } finally {
    clearTimeout(killTimer);
    signal?.removeEventListener('abort', stop);
  }
}
