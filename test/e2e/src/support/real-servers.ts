import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './installation.js';
import { userEnvironment } from './programs.js';

/** What an installation may stand on; a suite runs on each. */
export const serverKinds = [
  { servers: 'embedded database and queue', start: () => Promise.resolve(undefined) },
  { servers: "the distribution's PostgreSQL and Redis", start: () => RealServers.start() },
] as const;

/** Private PostgreSQL and Redis of the distribution, as an installation with its own servers would have. */
export class RealServers {
  private constructor(
    readonly env: Readonly<Record<string, string>>,
    private readonly children: readonly ChildProcess[],
    private readonly folder: string,
  ) {}

  static async start(): Promise<RealServers> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lifeboat-servers-'));
    fs.chmodSync(folder, 0o755);
    const [postgresPort, redisPort] = [await freePort(), await freePort()];
    const postgres = startPostgres(path.join(folder, 'postgres'), postgresPort);
    const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'], { env: userEnvironment(), stdio: 'ignore' });
    const env = { DATABASE_URL: `postgresql://postgres@127.0.0.1:${String(postgresPort)}/lifeboat`, REDIS_URL: `redis://127.0.0.1:${String(redisPort)}` };
    const servers = new RealServers(env, [postgres, redis], folder);
    await createDatabase(postgresPort);
    return servers;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGINT');
        await ended;
      }),
    );
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Newest PostgreSQL of the distribution. */
function postgresFolder(): string {
  const versions = fs.readdirSync('/usr/lib/postgresql').filter((name) => fs.existsSync(`/usr/lib/postgresql/${name}/bin/postgres`));
  return `/usr/lib/postgresql/${String(Math.max(...versions.map(Number)))}/bin`;
}

/** PostgreSQL refuses to run as root: as root it runs as the distribution's own user. */
function asPostgres(program: string, args: readonly string[]): Readonly<{ command: string; args: readonly string[] }> {
  if (process.getuid?.() !== 0) return { command: program, args };
  return { command: 'setpriv', args: ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--', program, ...args] };
}

function startPostgres(data: string, port: number): ChildProcess {
  fs.mkdirSync(data, { mode: 0o700 });
  if (process.getuid?.() === 0) execFileSync('chown', ['postgres:postgres', data]);
  const bin = postgresFolder();
  const initdb = asPostgres(`${bin}/initdb`, ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C']);
  execFileSync(initdb.command, initdb.args, { env: userEnvironment(), cwd: '/', stdio: 'ignore' });
  const server = asPostgres(`${bin}/postgres`, ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data]);
  return spawn(server.command, server.args, { env: userEnvironment(), cwd: '/', stdio: 'ignore' });
}

async function createDatabase(port: number): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    try {
      execFileSync(`${postgresFolder()}/createdb`, ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', 'lifeboat'], { env: userEnvironment(), stdio: 'ignore' });
      return;
    } catch (error) {
      if (tries === 149) throw error;
      await wait(100);
    }
  }
}
