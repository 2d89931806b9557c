import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, EnrolmentRecord } from '@lifeboat/catalog';
import { MachineId, randomHex128, type EnrolmentRequestId, type Random } from '@lifeboat/model';
import type { Logger } from 'pino';
import { AgentConnections } from '../connections/agent-connections.js';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, LOGGER, RANDOM } from '../platform/tokens.js';
import { EnrolmentResolved } from './enrolment-errors.js';
import { EnrolmentService } from './enrolment.service.js';

/** How an admin may decide about a taken name. */
export type Resolution = 'continue' | 'separate' | 'reject';

/** Enrolments that wait for an admin. */
@Injectable()
export class HeldEnrolmentsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(EnrolmentService) private readonly enrolments: EnrolmentService,
    @Inject(AgentConnections) private readonly connections: AgentConnections,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  listHeld(): Promise<readonly EnrolmentRecord[]> {
    return this.catalog.enrolments.listHeld();
  }

  /**
   * `continue` gives the name's chain to the new key and revokes the old one · `separate` makes a machine of its own · `reject` ends it.
   * The same decision again is accepted.
   *
   * @throws EnrolmentNotFound (ENROLMENT_NOT_FOUND), EnrolmentResolved (ENROLMENT_RESOLVED) it was decided otherwise before.
   */
  resolve(requestId: EnrolmentRequestId, as: Resolution): Promise<EnrolmentRecord> {
    return this.enrolments.inTurn(async () => {
      const held = await this.catalog.enrolments.get(requestId);
      if (held.state !== 'held') {
        if (held.state === as) return held;
        throw new EnrolmentResolved();
      }
      const machineId = await this.give(held, as);
      await this.ledger.append({ type: 'enrolment.resolved', requestId, as, machineId });
      if (machineId) this.changes.machineChanged(machineId);
      this.log.info({ requestId, as, machineId }, 'a held enrolment was resolved');
      return this.catalog.enrolments.get(requestId);
    });
  }

  /** Appends what the decision means for the machine. A crash before the resolution leaves the request held, and deciding again finds the machine. */
  private async give(held: EnrolmentRecord, as: Resolution): Promise<MachineId | null> {
    const { publicKey, facts, name } = held;
    const known = await this.catalog.computers.findByPublicKey(publicKey);
    switch (as) {
      case 'reject':
        return null;
      case 'continue':
        if (known?.machineId !== held.takenBy) await this.ledger.append({ type: 'machine.rekeyed', machineId: held.takenBy, publicKey, facts });
        // The old key is revoked; an agent that still holds it must not go on over its open connection.
        this.connections.drop(held.takenBy);
        return held.takenBy;
      case 'separate': {
        if (known) return known.machineId;
        const machineId = MachineId.parse(randomHex128(this.random));
        await this.ledger.append({ type: 'machine.enrolled', machineId, name, publicKey, facts });
        return machineId;
      }
    }
  }
}
