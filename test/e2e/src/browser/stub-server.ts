import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Server as SocketServer } from 'socket.io';
import { answerRetention } from './retention-routes.js';
import { type SampleComputer, type SampleJob, type SampleVersion, sampleManifest } from './sample-fleet.js';
import { type SampleRetention, sampleRetention } from './sample-retention.js';

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = { schedule: { kind: 'every', intervalMs: 86_400_000 }, jitterMs: 1_800_000, rpoTargetMs: 86_400_000, pausedUntilMs: null };
/** The policy of the real server, which the page must get along with: no script but files of its own origin, nothing made from text. */
const contentSecurity = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/** A page that has asked for nothing for this long has what it needs. */
const quietMs = 400;

type Answer = Readonly<{ status: number; body: unknown }>;
const ok = (body: unknown): Answer => ({ status: 200, body });
const refusal = (status: number, code: string, message: string): Answer => ({ status, body: { ok: false, code, message, remedy: null, retry: 'never' } });

/** A store that nobody has to look after. */
function quietRetention(): SampleRetention {
  const sample = sampleRetention([], Date.now());
  return {
    ...sample, store: { ...sample.store, freeBytes: 8.6 * 1024 ** 4, pressure: 'green', forecast: null, advice: [], exclusiveBytes: null, sharedBytes: null }, history: { v: 1, samples: [] }, usage: { ...sample.usage, measuredAt: null, computers: [] },
    damage: { v: 1, checkedAt: null, truncated: false, ranges: [] }, view: { ...sample.view, policies: [], history: [], requests: [], anomalies: [] }, plan: { ...sample.plan, prune: [], condemned: [], keep: [] },
  };
}

/** A server that answers like the real one from whatever a test put into it, and pushes what a test tells it to. */
export class StubServer {
  readonly secret = 'lb-first-run-secret';
  computers: readonly SampleComputer[] = [];
  jobs: readonly SampleJob[] = [];
  versions: readonly SampleVersion[] = [];
  held: readonly unknown[] = [];
  policy: unknown = policy;
  /** What the pages of the store are answered from; without it the store is new and empty. */
  retention: SampleRetention | null = null;
  /** Paths that answer 500 as long as they are in here. */
  readonly broken = new Set<string>();
  /** Paths that do not answer as long as they are in here. */
  readonly silent = new Set<string>();
  /** Every request that changes something, as `METHOD path body`. */
  readonly received: string[] = [];
  private openRequests = 0;
  private lastRequestAtMs = 0;
  private readonly waiting: http.ServerResponse[] = [];
  private readonly seqs = new Map<string, number>();

  private constructor(private readonly files: string, private readonly server: http.Server, private readonly sockets: SocketServer) {}

  /** Serves the built page in `files` on a free port of the loopback address. */
  static async start(files: string): Promise<StubServer> {
    const server = http.createServer();
    const sockets = new SocketServer(server);
    const stub = new StubServer(files, server, sockets);
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/socket.io/') === true) return;
      stub.openRequests += 1;
      stub.lastRequestAtMs = Date.now();
      response.on('close', () => { stub.openRequests -= 1; });
      stub.answer(request, response).catch((error: unknown) => { response.writeHead(500).end(String(error)); });
    });
    stub.acceptPages();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Pushes a change into a room; `skip` numbers that many pushes as if they had been lost on the way. */
  push(room: string, change: Readonly<{ computers?: readonly SampleComputer[]; jobs?: readonly SampleJob[]; points?: boolean }>, skip = 0): void {
    const seq = (this.seqs.get(room) ?? 0) + 1 + skip;
    this.seqs.set(room, seq);
    this.sockets.of('/dashboard').to(room).emit('change', { room, seq, computers: change.computers ?? [], jobs: change.jobs ?? [], points: change.points ?? false });
  }

  /** Resolves when a page watches `room` and has fetched all it wanted: no request is open, and none came for a moment. */
  async untilSettled(room: string): Promise<void> {
    const watched = (): boolean => (this.sockets.of('/dashboard').adapter.rooms.get(room)?.size ?? 0) > 0;
    while (!watched() || this.openRequests > 0 || Date.now() - this.lastRequestAtMs < quietMs) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Cuts every live connection, as a restarting server does. */
  cutSockets(): void {
    for (const socket of this.sockets.of('/dashboard').sockets.values()) socket.conn.close();
  }

  async stop(): Promise<void> {
    for (const response of this.waiting) response.destroy();
    await this.sockets.close();
  }

  private acceptPages(): void {
    const pages = this.sockets.of('/dashboard');
    pages.use((socket, next) => { next(socket.handshake.headers.cookie?.includes('session=yes') === true ? undefined : new Error('not logged in')); });
    pages.on('connection', (socket) => {
      socket.on('watch', (body: { room: string }, ack: (answer: unknown) => void) => {
        void socket.join(body.room);
        ack({ ok: true, result: { seq: this.seqs.get(body.room) ?? 0 } });
      });
      socket.on('unwatch', (body: { room: string }) => void socket.leave(body.room));
    });
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    if (!pathname.startsWith('/api/')) { this.sendFile(pathname, response); return; }
    if (this.silent.has(pathname)) { this.waiting.push(response); return; }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    if (request.method !== 'GET') this.received.push(`${request.method ?? ''} ${pathname} ${text}`);
    const { status, body } = this.route(request, { pathname, text, response });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  private route(request: http.IncomingMessage, asked: Readonly<{ pathname: string; text: string; response: http.ServerResponse }>): Answer {
    const { pathname, text, response } = asked;
    if (pathname === '/api/v1/login') {
      if ((JSON.parse(text) as { token?: unknown }).token !== this.secret) return refusal(401, 'LOGIN_REFUSED', 'This secret is not right');
      response.setHeader('set-cookie', 'session=yes; HttpOnly; SameSite=Strict; Path=/');
      return ok({ ok: true });
    }
    if (request.headers.cookie?.includes('session=yes') !== true) return refusal(401, 'LOGIN_REQUIRED', 'Log in first');
    if (this.broken.has(pathname)) return refusal(500, 'CATALOG_UNREACHABLE', 'The database does not answer');
    if (pathname.endsWith('/policy') || pathname === '/api/v1/policies/default') {
      if (request.method === 'PUT') this.policy = (JSON.parse(text) as { policy: unknown }).policy ?? policy;
      return ok({ v: 1, policy: this.policy, origin: this.policy === policy ? 'built-in' : 'machine' });
    }
    const kept = answerRetention(this.retention ?? quietRetention(), this.computers, { method: request.method ?? '', pathname, text });
    return kept === undefined ? this.read(pathname) : ok(kept);
  }

  private read(pathname: string): Answer {
    const [, machineId, versionId] = /^\/api\/v1\/computers\/([0-9a-f]+)\/versions(?:\/([0-9a-f]+))?$/.exec(pathname) ?? [];
    if (machineId !== undefined) {
      const version = this.versions.find((entry) => entry.id === versionId);
      return version === undefined ? ok({ v: 1, computer: 'WS-001', machineId, versions: this.versions }) : ok({ v: 1, manifest: sampleManifest(machineId, version) });
    }
    switch (pathname) {
      case '/api/v1/computers': return ok({ v: 1, seq: this.seqs.get('fleet') ?? 0, computers: this.computers });
      case '/api/v1/jobs': return ok({ v: 1, jobs: this.jobs });
      case '/api/v1/held-enrolments': return ok({ v: 1, requests: this.held });
      case '/api/v1/backups': return ok({ v: 1, jobs: [] });
      case '/api/v1/enrolment-tokens': return ok({ v: 1, token: 'lbt_7Qw2mXr9Tn4Ks1', expiresAt: new Date(Date.now() + 86_400_000).toISOString() });
      default: return ok({ ok: true });
    }
  }

  private sendFile(pathname: string, response: http.ServerResponse): void {
    const file = path.join(this.files, path.normalize(pathname));
    const found = fs.existsSync(file) && fs.statSync(file).isFile() ? file : path.join(this.files, 'index.html');
    response.writeHead(200, { 'content-type': types[path.extname(found)] ?? 'application/octet-stream', 'content-security-policy': contentSecurity });
    response.end(fs.readFileSync(found));
  }
}
