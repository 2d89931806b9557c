import { Inject, UseFilters } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import { dashboardEvents, dashboardNamespace, WatchRoom, type Watched } from '@lifeboat/protocol';
import type { Namespace, Socket } from 'socket.io';
import type { z } from 'zod';
import { LoginRequired, OriginRefused } from '../access/access-errors.js';
import { OperatorSessions } from '../access/operator-sessions.js';
import { isOwnOrigin } from '../access/own-origin.js';
import { AckErrorFilter } from '../http/ack-error.filter.js';
import { HandshakeError, refuseUnknownEvents } from '../http/refuse-unknown-events.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { RoomSequences } from '../platform/room-sequences.js';
import { DashboardFeed } from './dashboard-feed.js';

const watch: 'watch' = dashboardEvents.watch;
const unwatch: 'unwatch' = dashboardEvents.unwatch;

/** Live pages. Cookie and origin are checked in the handshake; a page then watches rooms and is told what changes. */
@WebSocketGateway({ namespace: dashboardNamespace })
@UseFilters(AckErrorFilter)
export class DashboardGateway implements OnGatewayInit<Namespace>, OnGatewayConnection<Socket> {
  constructor(
    @Inject(OperatorSessions) private readonly operators: OperatorSessions,
    @Inject(DashboardFeed) private readonly feed: DashboardFeed,
    @Inject(RoomSequences) private readonly sequences: RoomSequences,
  ) {}

  afterInit(namespace: Namespace): void {
    namespace.use((socket, next) => {
      const { headers } = socket.handshake;
      if (!isOwnOrigin(headers)) next(new HandshakeError(new OriginRefused()));
      else if (!this.operators.hasSession(headers.cookie)) next(new HandshakeError(new LoginRequired()));
      else next();
    });
    this.feed.begin(namespace);
  }

  handleConnection(socket: Socket): void {
    refuseUnknownEvents(socket, new Set([watch, unwatch]));
  }

  @SubscribeMessage(watch)
  async watch(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(WatchRoom)) body: WatchRoom): Promise<{ ok: true; result: z.infer<typeof Watched> }> {
    await socket.join(body.room);
    return { ok: true, result: { seq: this.sequences.current(body.room) } };
  }

  @SubscribeMessage(unwatch)
  async unwatch(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(WatchRoom)) body: WatchRoom): Promise<{ ok: true; result: Record<string, never> }> {
    await socket.leave(body.room);
    return { ok: true, result: {} };
  }
}
