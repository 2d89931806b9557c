import { execFile } from 'node:child_process';

const outputBytesMax = 16 * 1024 * 1024;
const commandMsMax = 120_000;

/** What a program that has ended left behind. `exitCode` is null when it could not be started or was killed. */
export type CommandResult = Readonly<{ exitCode: number | null; stdout: string; stderr: string }>;

/** Runs a program to its end. The port through which snapshots reach the system's tools; never throws for a failing program. */
export type RunCommand = (command: string, args: readonly string[]) => Promise<CommandResult>;

/** Runs programs of this computer, without a shell, in the C locale, for at most two minutes. */
export const runSystemCommand: RunCommand = (command, args) =>
  new Promise((resolve) => {
    const options = { maxBuffer: outputBytesMax, timeout: commandMsMax, encoding: 'utf8' as const, env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' } };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ exitCode, stdout, stderr: stderr === '' && error !== null ? error.message : stderr });
    });
  });
