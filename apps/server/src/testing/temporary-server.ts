import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerPorts } from '../open-platform.js';
import { startServer, type RunningServer } from '../start-server.js';
import type { ServerConfig } from '../config/server-config.js';

/** A real server with its own data directory and embedded database, for one spec. */
export class TemporaryServer {
  private constructor(
    readonly dataDir: string,
    private running: RunningServer,
    readonly token: string,
  ) {}

  static async start(ports: ServerPorts = {}, options: Partial<ServerConfig> = {}): Promise<TemporaryServer> {
    const dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-server-'));
    const running = await startServer(configFor(dataDir, options), { reserveBytes: 0, ...ports });
    return new TemporaryServer(dataDir, running, running.firstRun?.token ?? '');
  }

  get url(): string {
    return this.running.url;
  }

  /** Stops the server and starts it again on the same data directory. */
  async restart(ports: ServerPorts = {}, options: Partial<ServerConfig> = {}): Promise<void> {
    await this.running.close();
    this.running = await startServer(configFor(this.dataDir, options), { reserveBytes: 0, ...ports });
  }

  async stop(): Promise<void> {
    await this.running.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** A request with the operator's token unless `headers` say otherwise. */
  async request(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = { authorization: `Bearer ${this.token}` }): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : (JSON.parse(text) as Readonly<Record<string, unknown>>), text };
  }

  async enrolmentToken(uses = 10): Promise<string> {
    const { body } = await this.request('POST', '/api/v1/enrolment-tokens', { uses });
    return String(body?.['token']);
  }
}

export type Answer = Readonly<{ status: number; headers: Headers; body: Readonly<Record<string, unknown>> | null; text: string }>;

function configFor(dataDir: string, options: Partial<ServerConfig>): ServerConfig {
  return { dataDir, port: 0, host: '127.0.0.1', quotaBytes: null, databaseUrl: null, redisUrl: null, logLevel: 'silent', ...options };
}
