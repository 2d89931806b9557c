import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Tells whether a redis-server is installed. */
export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface PrivateRedis {
  /** Path of its unix socket. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A redis-server of its own on a unix socket, in memory only; ends with the test. */
export async function startPrivateRedis(settings: readonly string[] = ['--maxmemory-policy', 'noeviction']): Promise<PrivateRedis> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'lifeboat-redis-'));
  const url = path.join(dir, 'redis.sock');
  const child = spawn('redis-server', ['--port', '0', '--unixsocket', url, '--unixsocketperm', '700', '--dir', dir, '--save', '', ...settings], { stdio: 'ignore' });
  for (let attempt = 0; !existsSync(url) && attempt < 600; attempt += 1) await pause(20);
  return {
    url,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
