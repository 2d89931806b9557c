import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseDirectoryInUse } from './embedded-postgres-errors.js';

/** How long a PostgreSQL whose parent was killed may take to write its checkpoint and end. */
const shutdownMaxMs = 60_000;
const pollMs = 50;

/**
 * Makes way for a new start after this server or its machine died.
 *
 * `postmaster.pid` names the process that uses the data directory. When that process is gone, or its number belongs to another program by now, the
 * file is a leftover and is removed: PostgreSQL itself would refuse whenever any process had the number. When the process is our PostgreSQL without a living
 * parent, it is told to stop and waited for.
 *
 * @param dataDir the data directory, existing.
 * @throws DatabaseDirectoryInUse (DATABASE_DIRECTORY_IN_USE) its parent lives, or it does not end.
 */
export async function clearLeftPostmaster(dataDir: string): Promise<void> {
  const lockFile = path.join(dataDir, 'postmaster.pid');
  const pid = readPid(lockFile);
  if (pid === undefined) return;
  if (!usesDirectory(pid, dataDir)) {
    rmSync(lockFile, { force: true });
    return;
  }
  if (hasLivingOwner(dataDir)) throw new DatabaseDirectoryInUse({ directory: dataDir, pid });
  process.kill(pid, 'SIGINT');
  const giveUpAt = performance.now() + shutdownMaxMs;
  while (usesDirectory(pid, dataDir)) {
    if (performance.now() > giveUpAt) throw new DatabaseDirectoryInUse({ directory: dataDir, pid });
    await pause(pollMs);
  }
  rmSync(lockFile, { force: true });
}

/** File beside the data directory that names the process which started PostgreSQL: its id and, on Linux, when it began. */
export function ownerFileOf(dataDir: string): string {
  return path.join(path.dirname(dataDir), 'owner');
}

/** What {@link ownerFileOf} holds for a process; the start time tells it from a later process with the same number. */
export function ownerMark(pid: number): string {
  return `${String(pid)} ${startTicks(pid) ?? 'unknown'}\n`;
}

function hasLivingOwner(dataDir: string): boolean {
  const file = ownerFileOf(dataDir);
  if (!existsSync(file)) return false;
  const mark = readFileSync(file, 'utf8');
  const pid = Number.parseInt(mark, 10);
  return Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) && ownerMark(pid) === mark;
}

function readPid(lockFile: string): number | undefined {
  if (!existsSync(lockFile)) return undefined;
  const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
  // A torn file names nobody; 0 means "whoever cannot be".
  return Number.isSafeInteger(pid) && pid > 1 ? pid : 0;
}

/** PostgreSQL changes into its data directory; where /proc cannot tell, a living process counts as using it. */
function usesDirectory(pid: number, dataDir: string): boolean {
  if (pid === 0 || !isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`) === realpathSync(dataDir);
  } catch {
    return false; // Ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat: start time in clock ticks since boot. The name in field 2 may contain blanks and brackets. See proc_pid_stat(5). */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // No such process, or no /proc.
  }
}
