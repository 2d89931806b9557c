import { Inject, Injectable } from '@nestjs/common';
import { seconds, type MachineId } from '@lifeboat/model';
import { Refusal, serverEvents, type ServerEventName } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import type { Socket } from 'socket.io';
import { z } from 'zod';
import { ChangeLog } from '../platform/change-log.js';
import { LOGGER } from '../platform/tokens.js';
import { AgentOffline, MachineConnectedElsewhere, ServerStopping } from './connection-errors.js';

const aliveAnswerMs = seconds(5);
const ackAnswerMs = seconds(10);

type Request<Name extends ServerEventName> = z.infer<(typeof serverEvents)[Name]['request']>;
type Result<Name extends ServerEventName> = z.infer<(typeof serverEvents)[Name]['result']>;

/** The control connections of agents: one per machine. */
@Injectable()
export class AgentConnections {
  private readonly sockets = new Map<MachineId, Socket>();
  private stopping = false;

  constructor(
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  isOnline(machineId: MachineId): boolean {
    return this.sockets.get(machineId)?.connected === true;
  }

  /**
   * Makes way for a new connection of the machine: a dead one is dropped, a live one stays and the new one is refused.
   * @throws MachineConnectedElsewhere (MACHINE_CONNECTED_ELSEWHERE), ServerStopping (SERVER_STOPPING)
   */
  async makeWay(machineId: MachineId): Promise<void> {
    if (this.stopping) throw new ServerStopping();
    const present = this.sockets.get(machineId);
    if (!present) return;
    if (await isAlive(present)) throw new MachineConnectedElsewhere();
    this.log.warn({ machineId }, 'a dead agent connection was replaced');
    present.disconnect(true);
    if (this.sockets.get(machineId) === present) this.sockets.delete(machineId);
  }

  /** Takes the connection in. @returns false when another connection of the machine came first. */
  add(machineId: MachineId, socket: Socket): boolean {
    if (this.stopping || this.isOnline(machineId)) return false;
    this.sockets.set(machineId, socket);
    this.changes.machineChanged(machineId);
    return true;
  }

  /** Forgets the connection when it is the machine's present one. @returns whether the machine is offline now. */
  remove(machineId: MachineId, socket: Socket): boolean {
    if (this.sockets.get(machineId) !== socket) return false;
    this.sockets.delete(machineId);
    this.changes.machineChanged(machineId);
    return true;
  }

  /** Disconnects the machine's agent, e.g. because its key was revoked; with a valid key it comes back. */
  drop(machineId: MachineId): void {
    this.sockets.get(machineId)?.disconnect(true);
  }

  /**
   * Sends an event and waits for its acknowledgement.
   *
   * @returns the result, or the agent's refusal.
   * @throws AgentOffline (AGENT_OFFLINE) not connected, no answer within 10 s, or an answer that is none.
   */
  async ask<Name extends ServerEventName>(machineId: MachineId, name: Name, request: Request<Name>): Promise<{ ok: true; result: Result<Name> } | Refusal> {
    const socket = this.sockets.get(machineId);
    if (!socket?.connected) throw new AgentOffline();
    let answer: unknown;
    try {
      answer = await socket.timeout(ackAnswerMs).emitWithAck(name, request);
    } catch (cause) {
      this.log.info({ machineId, event: name, err: cause }, 'an agent did not answer');
      throw new AgentOffline();
    }
    const refused = Refusal.safeParse(answer);
    if (refused.success) return refused.data;
    const schema = serverEvents[name].result as unknown as z.ZodType<Result<Name>>;
    const accepted = z.object({ ok: z.literal(true), result: schema }).safeParse(answer);
    if (!accepted.success) throw new AgentOffline();
    return { ok: true, result: accepted.data.result };
  }

  /** Disconnects all agents and takes no more; they come back by themselves later. */
  close(): void {
    this.stopping = true;
    for (const socket of this.sockets.values()) socket.disconnect(true);
    this.sockets.clear();
  }
}

/** Asks below socket.io: its own heartbeat is answered by every client library, whatever the agent is busy with. */
function isAlive(socket: Socket): Promise<boolean> {
  const { conn } = socket;
  if (!socket.connected) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (alive: boolean): void => {
      clearTimeout(timer);
      conn.off('heartbeat', onHeartbeat);
      conn.off('close', onClose);
      resolve(alive);
    };
    const onHeartbeat = (): void => { finish(true); };
    const onClose = (): void => { finish(false); };
    const timer = setTimeout(() => { finish(false); }, aliveAnswerMs);
    conn.once('heartbeat', onHeartbeat);
    conn.once('close', onClose);
    conn.transport.send([{ type: 'ping' }]);
  });
}
