import { Inject, UseFilters } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection, type OnGatewayDisconnect, type OnGatewayInit } from '@nestjs/websockets';
import type { MachineId } from '@lifeboat/model';
import { agentEvents, agentNamespace, type AgentEventName } from '@lifeboat/protocol';
import type { Namespace, Socket } from 'socket.io';
import type { z } from 'zod';
import { BackupRunsService } from '../backups/backup-runs.service.js';
import { BackupSessionsService } from '../backups/backup-sessions.service.js';
import { PointCommitsService } from '../backups/point-commits.service.js';
import { AckErrorFilter } from '../http/ack-error.filter.js';
import { HandshakeError, refuseUnknownEvents } from '../http/refuse-unknown-events.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { RestoresService } from '../restores/restores.service.js';
import { AgentArrivals } from './agent-arrivals.js';
import { OwnMachine } from './own-machine.js';

const events = agentEvents;
type Request<Name extends AgentEventName> = z.output<(typeof agentEvents)[Name]['request']>;
type Answer<Name extends AgentEventName> = Promise<Readonly<{ ok: true; result: z.input<(typeof agentEvents)[Name]['result']> }>>;

/**
 * The control connections of agents. Whoever gets here has proved its key in the handshake; every handler acts for that machine only, and
 * there is no event with which an agent could delete or change a restore point.
 */
@WebSocketGateway({ namespace: agentNamespace })
@UseFilters(AckErrorFilter)
export class AgentsGateway implements OnGatewayInit<Namespace>, OnGatewayConnection<Socket>, OnGatewayDisconnect<Socket> {
  constructor(
    @Inject(AgentArrivals) private readonly arrivals: AgentArrivals,
    @Inject(BackupSessionsService) private readonly sessions: BackupSessionsService,
    @Inject(PointCommitsService) private readonly commits: PointCommitsService,
    @Inject(BackupRunsService) private readonly runs: BackupRunsService,
    @Inject(RestoresService) private readonly restores: RestoresService,
    @Inject(OwnMachine) private readonly machine: OwnMachine,
  ) {}

  afterInit(namespace: Namespace): void {
    namespace.use((socket, next) => {
      this.arrivals.admit(socket).then(() => { next(); }, (error: unknown) => { next(new HandshakeError(error)); });
    });
  }

  handleConnection(socket: Socket): void {
    refuseUnknownEvents(socket, new Set(Object.keys(agentEvents)));
    this.arrivals.arrived(socket);
  }

  handleDisconnect(socket: Socket): void {
    this.arrivals.left(socket);
  }

  @SubscribeMessage('session.open' satisfies AgentEventName)
  async openSession(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['session.open'].request)) body: Request<'session.open'>): Answer<'session.open'> {
    return { ok: true, result: await this.sessions.open(machineOf(socket), body) };
  }

  @SubscribeMessage('session.attach' satisfies AgentEventName)
  async attachSession(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['session.attach'].request)) body: Request<'session.attach'>): Answer<'session.attach'> {
    return { ok: true, result: await this.sessions.attach(machineOf(socket), body.sessionId) };
  }

  @SubscribeMessage('session.commit' satisfies AgentEventName)
  async commitSession(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['session.commit'].request)) body: Request<'session.commit'>): Answer<'session.commit'> {
    return { ok: true, result: await this.commits.commit(machineOf(socket), body.sessionId, body.draft) };
  }

  @SubscribeMessage('session.abort' satisfies AgentEventName)
  async abortSession(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['session.abort'].request)) body: Request<'session.abort'>): Answer<'session.abort'> {
    await this.sessions.abort(machineOf(socket), body.sessionId, { code: body.code, message: body.message });
    return { ok: true, result: {} };
  }

  @SubscribeMessage('session.progress' satisfies AgentEventName)
  reportProgress(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['session.progress'].request)) body: Request<'session.progress'>): Answer<'session.progress'> {
    this.sessions.report(machineOf(socket), body.sessionId, body.progress);
    return Promise.resolve({ ok: true, result: {} });
  }

  @SubscribeMessage('base-map.open' satisfies AgentEventName)
  async openBaseMap(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['base-map.open'].request)) body: Request<'base-map.open'>): Answer<'base-map.open'> {
    return Promise.resolve({ ok: true, result: this.sessions.openBaseMap(machineOf(socket), body.sessionId) });
  }

  @SubscribeMessage('restore.open' satisfies AgentEventName)
  async openRestore(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['restore.open'].request)) body: Request<'restore.open'>): Answer<'restore.open'> {
    return { ok: true, result: await this.restores.open(machineOf(socket), body.version) };
  }

  // The next two ask nothing in particular; what came with them is not looked at.
  @SubscribeMessage('points.list' satisfies AgentEventName)
  async listPoints(@ConnectedSocket() socket: Socket): Answer<'points.list'> {
    return { ok: true, result: await this.machine.points(machineOf(socket)) };
  }

  @SubscribeMessage('policy.get' satisfies AgentEventName)
  async getPolicy(@ConnectedSocket() socket: Socket): Answer<'policy.get'> {
    return { ok: true, result: await this.machine.policy(machineOf(socket)) };
  }

  @SubscribeMessage('job.report' satisfies AgentEventName)
  async reportJob(@ConnectedSocket() socket: Socket, @MessageBody(new ZodPipe(events['job.report'].request)) body: Request<'job.report'>): Answer<'job.report'> {
    await this.runs.report(machineOf(socket), body);
    return { ok: true, result: {} };
  }
}

/** The machine that the handshake proved; never taken from a message. */
function machineOf(socket: Socket): MachineId {
  return (socket.data as Readonly<{ machineId: MachineId }>).machineId;
}
