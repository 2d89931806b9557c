import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { MachineId } from '@lifeboat/model';
import type { Logger } from 'pino';
import type { Socket } from 'socket.io';
import { BackupRunsService } from '../backups/backup-runs.service.js';
import { BackupSessionsService } from '../backups/backup-sessions.service.js';
import { AgentConnections } from '../connections/agent-connections.js';
import { Handshakes } from '../connections/handshakes.js';
import { LOGGER } from '../platform/tokens.js';
import { SchedulesService } from '../schedules/schedules.service.js';
import { OwnMachine } from './own-machine.js';

type Arrival = { machineId: MachineId; agentVersion: string };

/** What happens when agents come and go. */
@Injectable()
export class AgentArrivals implements OnModuleDestroy {
  private readonly pending = new Set<Promise<void>>();

  constructor(
    @Inject(Handshakes) private readonly handshakes: Handshakes,
    @Inject(AgentConnections) private readonly connections: AgentConnections,
    @Inject(BackupRunsService) private readonly runs: BackupRunsService,
    @Inject(BackupSessionsService) private readonly sessions: BackupSessionsService,
    @Inject(SchedulesService) private readonly schedules: SchedulesService,
    @Inject(OwnMachine) private readonly machine: OwnMachine,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Decides in the handshake who may come in. @throws HandshakeRefused, AgentVersionRefused, MachineConnectedElsewhere, ServerStopping */
  async admit(socket: Socket): Promise<void> {
    const { machine, agentVersion } = await this.handshakes.verify(socket.handshake.auth);
    await this.connections.makeWay(machine.machineId);
    const arrival: Arrival = { machineId: machine.machineId, agentVersion };
    socket.data = arrival;
  }

  /** The connection stands. */
  arrived(socket: Socket): void {
    const { machineId, agentVersion } = socket.data as Arrival;
    if (!this.connections.add(machineId, socket)) {
      // Two handshakes of one machine at the same moment: the first to get here stays.
      socket.disconnect(true);
      return;
    }
    this.log.info({ machineId, agentVersion }, 'agent connected');
    this.schedules.refreshInBackground(machineId);
    this.inBackground(machineId, async () => {
      await this.machine.seen(machineId, agentVersion);
      await this.runs.agentCame(machineId);
    });
  }

  /** The connection ended. */
  left(socket: Socket): void {
    const { machineId, agentVersion } = socket.data as Arrival;
    if (!this.connections.remove(machineId, socket)) return;
    this.log.info({ machineId }, 'agent disconnected');
    this.inBackground(machineId, async () => {
      await this.machine.seen(machineId, agentVersion);
      if (!this.connections.isOnline(machineId)) await this.sessions.agentLeft(machineId);
    });
  }

  /** What the last connections set going ends before the database does. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.pending);
  }

  private inBackground(machineId: MachineId, work: () => Promise<void>): void {
    const pending = work()
      .catch((error: unknown) => { this.log.error({ err: error, machineId }, 'what follows a connection failed'); })
      .finally(() => { this.pending.delete(pending); });
    this.pending.add(pending);
  }
}
