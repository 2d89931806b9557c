import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { chownSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { EmbeddedPostgresFailed, EmbeddedPostgresUnavailable } from './embedded-postgres-errors.js';

/** Nothing of the server's own environment reaches PostgreSQL: neither secrets nor PG* variables. Messages are in English, times in UTC. */
const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
const inUserNamespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
/** On Linux PostgreSQL gets a fast shutdown when its parent dies in any way, kill -9 included; else the orphan would block the next start. */
const diesWithParent = ['setpriv', '--pdeathsig', 'INT', '--'];

/** Runs programs as somebody who is not root, because PostgreSQL refuses root. */
export interface UnprivilegedLauncher {
  /** Runs to the end. @throws EmbeddedPostgresFailed (EMBEDDED_POSTGRES_FAILED) */
  run(program: string, args: readonly string[]): void;
  /** Starts a program that ends when this process does. The caller owns it and must read its stderr. */
  start(program: string, args: readonly string[]): ChildProcessByStdio<null, null, Readable>;
  /** Gives a path to the user that programs run as; nothing to do where that is the present user. */
  giveAway(path: string): void;
}

/**
 * Finds a way to run PostgreSQL. An ordinary user runs it directly. Root runs it in a user namespace in which root is some other user: no
 * file changes hands, and a data directory below a closed /root works. Where namespaces are not allowed, as in many containers, an
 * unprivileged user takes over, who must be able to reach the data directory.
 *
 * @param runAs user to take instead of a namespace, when root.
 * @throws EmbeddedPostgresUnavailable (EMBEDDED_POSTGRES_UNAVAILABLE)
 */
export function findLauncher(runAs?: string): UnprivilegedLauncher {
  if (process.getuid?.() !== 0) return launcher([], undefined);
  if (runAs === undefined && works(inUserNamespace)) return launcher(inUserNamespace, undefined);
  for (const user of runAs === undefined ? ['postgres', 'nobody'] : [runAs]) {
    const identity = identityOf(user);
    if (identity) return launcher([], identity);
  }
  throw new EmbeddedPostgresUnavailable('this process is root, and neither a user namespace nor an unprivileged user is to be had');
}

type Identity = Readonly<{ uid: number; gid: number }>;

function launcher(wrap: readonly string[], identity: Identity | undefined): UnprivilegedLauncher {
  const options = { ...identity, env: environment, cwd: '/' };
  const tether = process.platform === 'linux' && works(diesWithParent) ? diesWithParent : [];
  const split = (words: readonly string[]): [string, string[]] => [words[0] ?? '', words.slice(1)];
  return {
    run(program, args) {
      const [command, rest] = split([...wrap, program, ...args]);
      try {
        execFileSync(command, rest, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
      } catch (cause) {
        const { status, stderr } = cause as Readonly<{ status?: number; stderr?: Buffer }>;
        throw new EmbeddedPostgresFailed({ step: program.split('/').at(-1) ?? program, status: String(status ?? 'not started'), log: stderr?.toString().slice(-2000) ?? '' }, cause);
      }
    },
    start(program, args) {
      const [command, rest] = split([...wrap, ...tether, program, ...args]);
      return spawn(command, rest, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    },
    giveAway(path) {
      if (identity) chownSync(path, identity.uid, identity.gid);
    },
  };
}

function works(wrap: readonly string[]): boolean {
  try {
    execFileSync(wrap[0] ?? '', [...wrap.slice(1), 'true'], { stdio: 'ignore', env: environment });
    return true;
  } catch {
    return false; // Not installed or not allowed; the next way is tried.
  }
}

function identityOf(user: string): Identity | undefined {
  const ask = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'], env: environment }).toString());
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined; // No such user.
  }
}
