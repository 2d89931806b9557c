import { once } from 'node:events';
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from 'node:net';
import { assertInvariant, minutes, seconds } from '@lifeboat/model';
import { serveConnection } from './nbd-connection.js';
import { NbdListenFailed } from './nbd-errors.js';
import type { NbdExport } from './nbd-export.js';

export type NbdListen = Readonly<{ host: string; port: number }> | Readonly<{ socketPath: string }>;

export type NbdServerOptions = Readonly<{
  /** At least one; the first is the default export. Names are unique. */
  exports: readonly NbdExport[];
  /** An address and port (0: any free one), or the path of a unix socket, which only this user may then open. NBD knows no login: who can connect can read. */
  listen: NbdListen;
  /** Clients at a time; default 64. Others are hung up on. */
  connectionsMax?: number;
  /** How long a client may haggle before it uses the export; default 10 s. */
  handshakeMs?: number;
  /** How long a client may leave answers lying; default 5 min. */
  stallMs?: number;
  /** Reads that failed although nothing is lost; for the log. */
  onError?: (error: unknown) => void;
}>;

/** A running server. */
export interface NbdServer {
  /** Where an export can be had, e.g. `nbd://127.0.0.1:10809/sda` or `nbd+unix:///sda?socket=/run/x.sock`. @see NBD's doc/uri.md */
  uriOf(exportName: string): string;
  /** The port in use; null on a unix socket. */
  readonly port: number | null;
  /** Clients connected now. */
  readonly connections: number;
  /** Hangs up on everybody and stops listening. The images stay the caller's to close. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Offers images read-only over NBD: fixed newstyle, structured replies, `base:allocation`, several connections at a time. Writes get EPERM; bytes that are
 * lost get EIO at their exact offset.
 *
 * @throws NbdListenFailed (NBD_LISTEN_FAILED)
 * @see https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, level "baseline" plus the options and commands that read-only exports need.
 */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  assertInvariant(options.exports.length > 0, 'a server offers at least one image');
  const server = new RunningServer(options);
  await server.listen();
  return server;
}

class RunningServer implements NbdServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private boundPort: number | null = null;

  constructor(private readonly options: NbdServerOptions) {
    // A client may close its sending side and still wait for answers.
    this.server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => { this.accept(socket); });
  }

  get port(): number | null {
    return this.boundPort;
  }

  get connections(): number {
    return this.sockets.size;
  }

  async listen(): Promise<void> {
    const { listen } = this.options;
    const where = 'socketPath' in listen ? listen.socketPath : `${listen.host}:${String(listen.port)}`;
    try {
      const listening = once(this.server, 'listening');
      bind(this.server, 'socketPath' in listen ? { path: listen.socketPath } : { host: listen.host, port: listen.port });
      await listening;
    } catch (error) {
      throw new NbdListenFailed({ where, reason: error !== null && typeof error === 'object' && 'code' in error ? String(error.code) : 'unknown' }, error);
    }
    const address = this.server.address();
    if (isAddress(address)) this.boundPort = address.port;
  }

  uriOf(exportName: string): string {
    const { listen } = this.options;
    const name = encodeURIComponent(exportName);
    if ('socketPath' in listen) return `nbd+unix:///${name}?socket=${encodeURIComponent(listen.socketPath).replaceAll('%2F', '/')}`;
    return `nbd://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${String(this.boundPort ?? listen.port)}/${name}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(socket: Socket): void {
    const { exports, connectionsMax = 64, handshakeMs = seconds(10), stallMs = minutes(5), onError = () => undefined } = this.options;
    // Whatever befalls a socket shows as its end.
    socket.on('error', () => undefined);
    if (this.sockets.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.on('close', () => { this.sockets.delete(socket); });
    void serveConnection(socket, { exports, handshakeMs, stallMs, onError });
  }
}

/** Binds; a unix socket only its user may open. The mask holds for this very call, which binds at once. */
function bind(server: Server, options: ListenOptions): void {
  if (options.path === undefined) {
    server.listen(options);
    return;
  }
  const before = process.umask(0o177);
  try {
    server.listen(options);
  } finally {
    process.umask(before);
  }
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => address !== null && typeof address === 'object';
