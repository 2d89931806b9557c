import { Inject, Injectable } from '@nestjs/common';
import { seconds, type Clock, type MachineId, type Random, type RestorePointManifest, type SessionId } from '@lifeboat/model';
import { newSecret, secretSha256 } from '../access/secrets.js';
import { CLOCK, RANDOM } from '../platform/tokens.js';
import { TicketInvalid } from './ticket-errors.js';

const ticketLifeMs = seconds(60);
/** Tickets that wait at most; beyond it the oldest is forgotten. */
const ticketsMax = 10_000;

/** What a ticket opens: one transfer of one machine. */
export type Grant =
  | Readonly<{ kind: 'backup'; machineId: MachineId; sessionId: SessionId }>
  | Readonly<{ kind: 'base-map'; machineId: MachineId; sessionId: SessionId }>
  | Readonly<{ kind: 'restore'; machineId: MachineId; manifest: RestorePointManifest }>;

/** One-time tickets for data connections, given out over an authenticated channel. Kept as hashes, never in a URL. */
@Injectable()
export class Tickets {
  private readonly grants = new Map<string, Readonly<{ grant: Grant; expiresAtMs: number }>>();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  /** Makes a ticket that serves once within 60 seconds. */
  issue(grant: Grant): string {
    const oldest = this.grants.keys().next();
    if (this.grants.size >= ticketsMax && oldest.done !== true) this.grants.delete(oldest.value);
    const ticket = newSecret(this.random);
    this.grants.set(secretSha256(ticket), { grant, expiresAtMs: this.clock.monotonicMs() + ticketLifeMs });
    return ticket;
  }

  /** Spends a ticket. @throws TicketInvalid (TICKET_INVALID) */
  redeem(ticket: string): Grant {
    const key = secretSha256(ticket);
    const found = this.grants.get(key);
    this.grants.delete(key);
    if (!found || found.expiresAtMs <= this.clock.monotonicMs()) throw new TicketInvalid();
    return found.grant;
  }
}
