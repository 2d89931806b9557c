import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, type KeyPair } from '../identity/key-pair.js';

type Answer = Readonly<{ status: number; body: unknown }>;

/** A web server whose answers a test decides. */
export class HttpTwin {
  readonly requests: { path: string; body: Record<string, unknown> }[] = [];
  readonly key: KeyPair = generateKeyPair();
  answer: (path: string, body: Record<string, unknown>) => Answer = () => ({ status: 404, body: 'nothing here' });

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HttpTwin> {
    const server = createServer();
    const twin = new HttpTwin(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>;
        twin.requests.push({ path: request.url ?? '', body });
        const { status, body: answer } = twin.answer(request.url ?? '', body);
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return twin;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => { resolve(); }));
  }
}
