import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runCommand, startCommand, userEnvironment, type Finished } from './programs.js';

const startBudgetMs = 60_000;

/** A free TCP port of the loopback interface. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  });
}

/** A server with its data directory and any number of agents, driven only through the two commands. */
export class Installation {
  private server: ChildProcess | undefined;
  private log = '';

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly serverEnv: Readonly<Record<string, string>>,
    private readonly serverFlags: readonly string[],
  ) {}

  static async start(serverEnv: Readonly<Record<string, string>> = {}, serverFlags: readonly string[] = []): Promise<Installation> {
    const installation = new Installation(fs.mkdtempSync(path.join(os.tmpdir(), 'lifeboat-e2e-')), await freePort(), serverEnv, serverFlags);
    await installation.startServer();
    return installation;
  }

  get dataFolder(): string {
    return path.join(this.folder, 'server');
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get token(): string {
    return (JSON.parse(fs.readFileSync(path.join(this.dataFolder, 'first-run.json'), 'utf8')) as { token: string }).token;
  }

  /** What the server wrote to stderr, newest last. */
  get serverLog(): string {
    return this.log;
  }

  /** Starts the server and waits until it serves. */
  async startServer(): Promise<void> {
    const server = startCommand('lifeboat', ['server', 'start', '--data', this.dataFolder, '--port', String(this.port), ...this.serverFlags], userEnvironment(this.serverEnv));
    this.server = server;
    server.stdout?.resume();
    server.stderr?.on('data', (text: Buffer) => (this.log = (this.log + text.toString()).slice(-200_000)));
    const deadline = Date.now() + startBudgetMs;
    while (Date.now() < deadline && server.exitCode === null) {
      if (await fetch(`${this.url}/readyz`).then((response) => response.ok, () => false)) return;
      await wait(100);
    }
    throw new Error(`the server did not become ready:\n${this.log}`);
  }

  /** Ends the server and, with SIGKILL, everything below it at once; waits until the process is gone. */
  async stopServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const server = this.server;
    this.server = undefined;
    if (!server?.pid || server.exitCode !== null) return server?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
    // The command is a thin parent: the kill must hit the process that owns the store.
    for (const pid of signal === 'SIGKILL' ? [...nodesBelow(server.pid), server.pid] : [server.pid]) process.kill(pid, signal);
    return ended;
  }

  admin(...args: string[]): Promise<Finished> {
    return runCommand('lifeboat', args, userEnvironment({ LIFEBOAT_URL: this.url, LIFEBOAT_TOKEN: this.token }));
  }

  startAdmin(...args: string[]): ChildProcess {
    return startCommand('lifeboat', args, userEnvironment({ LIFEBOAT_URL: this.url, LIFEBOAT_TOKEN: this.token }));
  }

  /** Rebuilds the catalog with the server's own settings; the server must be stopped. */
  rebuildCatalog(): Promise<Finished> {
    return runCommand('lifeboat', ['catalog', 'rebuild', '--data-dir', this.dataFolder], userEnvironment(this.serverEnv));
  }

  agent(name: string, ...args: string[]): Promise<Finished> {
    return runCommand('lifeboat-agent', ['--state', this.stateOf(name), ...args], userEnvironment());
  }

  startAgent(name: string, ...args: string[]): ChildProcess {
    return startCommand('lifeboat-agent', ['--state', this.stateOf(name), ...args], userEnvironment());
  }

  /** Enrols an agent under `name`; `state` tells agents of the same name apart. */
  async enrol(name: string, disk: string, state = name): Promise<Finished> {
    const created = await this.admin('enrol', 'token', 'create', '--json');
    return this.agent(state, 'enrol', '--server', this.url, '--token', String(created.json['token']), '--name', name, '--disk', disk);
  }

  async remove(): Promise<void> {
    await this.stopServer();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private stateOf(name: string): string {
    return path.join(this.folder, `agent-${Buffer.from(name).toString('hex').slice(0, 40)}`);
  }
}

/** Node processes below `pid`, the nearest first. The embedded database is left to notice its parent's death by itself. */
function nodesBelow(pid: number): number[] {
  const text = fs.readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
  const children = text === '' ? [] : text.split(' ').map(Number);
  const nodes = children.filter((child) => fs.readlinkSync(`/proc/${String(child)}/exe`).endsWith('/node'));
  return nodes.flatMap((child) => [child, ...nodesBelow(child)]);
}
