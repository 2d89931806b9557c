import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { dataPlanePath, frameBytesMax } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { ServerStopping } from '../connections/connection-errors.js';
import { refusalOf } from '../http/refusal.js';
import { LOGGER } from '../platform/tokens.js';
import { TicketInvalid } from './ticket-errors.js';
import { Tickets, type Grant } from './tickets.js';
import { Transfers } from './transfers.js';

/** Path of socket.io, which answers its own upgrades on the same server. */
const socketIoPath = '/socket.io/';

/** The data plane: raw WebSockets beside socket.io on the same port, each opened with a one-time ticket. */
@Injectable()
export class DataPlane {
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: frameBytesMax, perMessageDeflate: false, clientTracking: false });
  private stopping = false;

  constructor(
    @Inject(Tickets) private readonly tickets: Tickets,
    @Inject(Transfers) private readonly transfers: Transfers,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Begins to answer upgrades of `server`. Those that belong neither here nor to socket.io are refused. */
  listen(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      const path = pathOf(request);
      if (path === dataPlanePath) this.upgrade(request, socket, head);
      else if (!path.startsWith(socketIoPath)) refuse(socket, new TicketInvalid());
    });
  }

  /** Ends all transfers; what was taken is durable when this resolves. */
  async close(): Promise<void> {
    this.stopping = true;
    await this.transfers.endAll(new ServerStopping());
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    let grant: Grant;
    try {
      if (this.stopping) throw new ServerStopping();
      grant = this.tickets.redeem(/^Bearer (.{1,128})$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    } catch (error) {
      refuse(socket, error);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => { this.begin(opened, grant); });
  }

  private begin(socket: WebSocket, grant: Grant): void {
    socket.binaryType = 'nodebuffer';
    this.transfers.begin(socket, grant).catch((error: unknown) => {
      this.log.error({ err: error, kind: grant.kind }, 'a transfer could not begin');
      socket.terminate();
    });
  }
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://server.invalid').pathname;
}

/** Answers an upgrade with an HTTP error that carries the refusal, and hangs up. */
function refuse(socket: Duplex, error: unknown): void {
  const { status, refusal } = refusalOf(error);
  const body = JSON.stringify(refusal);
  socket.on('error', () => { socket.destroy(); });
  socket.end(
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
}
