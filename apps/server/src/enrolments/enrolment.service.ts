import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, ComputerRecord, EnrolmentTokenRecord } from '@lifeboat/catalog';
import { EnrolmentRequestId, MachineId, randomHex128, TokenId, type Clock, type Random } from '@lifeboat/model';
import type { EnrolRequest, EnrolResponse } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import { newSecret, secretSha256 } from '../access/secrets.js';
import type { ServerKey } from '../config/server-key.js';
import { assertVersion } from '../connections/handshakes.js';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, CLOCK, LOGGER, RANDOM, SERVER_KEY } from '../platform/tokens.js';
import { EnrolmentTokenInvalid, KeyAlreadyEnrolled } from './enrolment-errors.js';

const heldMessage = 'A computer of this name is enrolled already. An admin has to decide: continue its chain, keep both apart, or reject.';
const rejectedMessage = 'An admin rejected this computer. Enrol it under another name, with an empty state directory.';

/** Binds agents' keys to machines. A taken name is held for an admin; until then nothing but the request is written. */
@Injectable()
export class EnrolmentService {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(SERVER_KEY) private readonly serverKey: ServerKey,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Makes a token that lets `uses` machines enrol. Its secret is shown once and kept as a hash. */
  async createToken(options: Readonly<{ uses: number; expiresInMs: number }>): Promise<Readonly<{ token: string; expiresAtMs: number }>> {
    const token = newSecret(this.random);
    const expiresAtMs = this.clock.nowMs() + options.expiresInMs;
    const tokenId = TokenId.parse(randomHex128(this.random));
    await this.ledger.append({ type: 'enrolment-token.created', tokenId, secretSha256: secretSha256(token), usesMax: options.uses, expiresAtMs });
    return { token, expiresAtMs };
  }

  /**
   * Enrols a machine, or says what became of its request. An agent that asks again with the same key gets the same answer and uses nothing up.
   *
   * @throws EnrolmentTokenInvalid (ENROLMENT_TOKEN_INVALID), KeyAlreadyEnrolled (KEY_ALREADY_ENROLLED), AgentVersionRefused
   */
  enrol(request: EnrolRequest): Promise<EnrolResponse> {
    assertVersion(request.protocol);
    // One after the other: two machines must not take one name, or the last use of a token, at the same time.
    return this.inTurn(() => this.enrolNow(request));
  }

  /** Runs `work` when no other enrolment or decision is under way. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async enrolNow(request: EnrolRequest): Promise<EnrolResponse> {
    const token = await this.catalog.tokens.findEnrolment(secretSha256(request.token));
    if (!token) throw new EnrolmentTokenInvalid();
    const known = await this.answerAgain(request);
    if (known) return known;
    if (token.usesLeft <= 0 || token.expiresAtMs <= this.clock.nowMs()) throw new EnrolmentTokenInvalid();
    const [taken] = await this.catalog.computers.listByName(request.name);
    return taken ? this.hold(request, token, taken) : this.admit(request, token);
  }

  /** What an agent that came before is told; undefined for a new key. */
  private async answerAgain(request: EnrolRequest): Promise<EnrolResponse | undefined> {
    const machine = await this.catalog.computers.findByPublicKey(request.publicKey);
    if (machine) {
      if (machine.name !== request.name) throw new KeyAlreadyEnrolled();
      return this.enrolled(machine.machineId, machine.name);
    }
    const held = await this.catalog.enrolments.findByPublicKey(request.publicKey);
    if (held?.name !== request.name) return undefined;
    if (held.state === 'reject') return { status: 'rejected', message: rejectedMessage };
    return held.state === 'held' ? this.held(held.requestId) : undefined;
  }

  private async hold(request: EnrolRequest, token: EnrolmentTokenRecord, taken: ComputerRecord): Promise<EnrolResponse> {
    const requestId = EnrolmentRequestId.parse(randomHex128(this.random));
    const { name, publicKey, facts } = request;
    await this.ledger.append({ type: 'enrolment-token.used', tokenId: token.tokenId }, { type: 'enrolment.held', requestId, name, publicKey, facts, takenBy: taken.machineId });
    this.log.warn({ requestId, takenBy: taken.machineId }, 'an enrolment is held because its computer name is taken');
    return this.held(requestId);
  }

  private async admit(request: EnrolRequest, token: EnrolmentTokenRecord): Promise<EnrolResponse> {
    const machineId = MachineId.parse(randomHex128(this.random));
    const { name, publicKey, facts } = request;
    await this.ledger.append({ type: 'enrolment-token.used', tokenId: token.tokenId }, { type: 'machine.enrolled', machineId, name, publicKey, facts });
    this.changes.machineChanged(machineId);
    this.log.info({ machineId }, 'a machine enrolled');
    return this.enrolled(machineId, name);
  }

  private held(requestId: EnrolmentRequestId): EnrolResponse {
    return { status: 'held', requestId, message: heldMessage, serverPublicKey: this.serverKey.publicKey };
  }

  private enrolled(machineId: MachineId, name: string): EnrolResponse {
    return { status: 'enrolled', machineId, name, serverPublicKey: this.serverKey.publicKey };
  }
}
