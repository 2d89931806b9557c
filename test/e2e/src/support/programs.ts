import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../../..');
const MAX_OUTPUT = 256 * 1024 * 1024;

/** The environment of a user's shell, without what jest adds. */
export function userEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, NO_COLOR: '1', ...extra };
  delete env['NODE_OPTIONS'];
  delete env['JEST_WORKER_ID'];
  return env;
}

export type Finished = Readonly<{ code: number; stdout: string; stderr: string; json: Record<string, unknown> }>;

/** Runs one of Lifeboat's two commands to its end, whatever its exit code. */
export function runCommand(command: 'lifeboat' | 'lifeboat-agent', args: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entryOf(command), ...args], { env, maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve({ code, stdout, stderr, json: parseObject(stdout) });
    });
  });
}

/** Starts one of the two commands and leaves it running. */
export function startCommand(command: 'lifeboat' | 'lifeboat-agent', args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [entryOf(command), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a system tool; throws with its output when it fails. */
export function tool(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: MAX_OUTPUT, env: userEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
}

function entryOf(command: 'lifeboat' | 'lifeboat-agent'): string {
  return path.join(root, command === 'lifeboat' ? 'apps/cli/bin/lifeboat.mjs' : 'apps/agent/bin/lifeboat-agent.mjs');
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
