import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environment } from '../config/environment.js';

const entries = { lifeboat: '../../../../apps/cli/bin/lifeboat.mjs', 'lifeboat-agent': '../../../../apps/agent/bin/lifeboat-agent.mjs' } as const;
/** Of Linux on every platform that Node runs on. */
const ticksPerSecond = 100;

/** Starts one of Lifeboat's commands, or another Node program by its path. */
export function startNode(program: keyof typeof entries | URL, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const path = program instanceof URL ? program : new URL(entries[program], import.meta.url);
  return spawn(process.execPath, [fileURLToPath(path), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: environment(env) });
}

/** Runs one of Lifeboat's commands to its end and parses its JSON. */
export function runLifeboat(program: keyof typeof entries, args: readonly string[], env: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const path = fileURLToPath(new URL(entries[program], import.meta.url));
  const text = execFileSync(process.execPath, [path, ...args, '--json'], { encoding: 'utf8', env: environment(env), stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

/** The first line a program prints. */
export function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code) => { reject(new RangeError(`the program ended with ${String(code)}`)); });
  });
}

/** Ends a program and waits until it is gone. */
export function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => { resolve(); }).kill(signal);
  });
}

/** CPU-seconds, user and system, that processes and everything below them have used so far. */
export function cpuSecondsOf(pids: readonly (number | undefined)[]): number {
  let ticks = 0;
  const visit = (pid: number): void => {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
    const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
    for (const child of children === '' ? [] : children.split(' ')) visit(Number(child));
  };
  for (const pid of pids) if (pid !== undefined) visit(pid);
  return ticks / ticksPerSecond;
}
