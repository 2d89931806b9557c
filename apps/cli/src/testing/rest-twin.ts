import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the twin answers: a body for 200, or a status with a refusal. */
export type TwinAnswer = Readonly<{ status?: number; body: unknown }>;
export type TwinRequest = Readonly<{ method: string; path: string; query: URLSearchParams; body: unknown }>;

/** A refusal as the server sends it. */
export const refusal = (status: number, code: string): TwinAnswer => ({ status, body: { ok: false, code, message: `the server says ${code}`, remedy: 'Do something else.', retry: 'never' } });

/** A server with the REST interface's manners and made-up answers. It keeps what it was asked. */
export class RestTwin {
  readonly token = 'secret-of-the-admin';
  readonly asked: TwinRequest[] = [];
  /** Answers by `METHOD path`, percent-encoded as it came; a function sees the request. */
  readonly answers = new Map<string, TwinAnswer | ((request: TwinRequest) => TwinAnswer)>();

  private constructor(readonly server: Server) {}

  static async start(): Promise<RestTwin> {
    const server = createServer();
    const twin = new RestTwin(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => { void twin.handle(request, response); });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return twin;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://twin.invalid');
    const asked = { method: request.method ?? '', path: url.pathname, query: url.searchParams, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    this.asked.push(asked);
    const known = this.answers.get(`${asked.method} ${asked.path}`);
    const allowed = request.headers.authorization === `Bearer ${this.token}`;
    const { status = 200, body } = !allowed ? refusal(401, 'LOGIN_REQUIRED') : typeof known === 'function' ? known(asked) : (known ?? refusal(404, 'ROUTE_NOT_FOUND'));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
