import { createPublicKey, verify } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, ComputerRecord } from '@lifeboat/catalog';
import { seconds, type Clock, type PublicKey, type Random } from '@lifeboat/model';
import { AgentHandshake, challengeText, negotiateVersion, type ChallengeRequest, type ChallengeResponse, type ProtocolRange } from '@lifeboat/protocol';
import { newSecret } from '../access/secrets.js';
import type { ServerKey } from '../config/server-key.js';
import { CATALOG, CLOCK, RANDOM, SERVER_KEY } from '../platform/tokens.js';
import { AgentVersionRefused, HandshakeRefused } from './connection-errors.js';

/** A nonce may be answered once, for this long. */
const nonceLifeMs = seconds(60);
/** Nonces that wait at most; beyond it the oldest is forgotten. */
const noncesMax = 50_000;

type Challenge = Readonly<{ machineId: string; clientNonce: string; expiresAtMs: number }>;

/** Proves each side's key to the other: the server signs when it hands out a nonce, the agent signs when it connects. */
@Injectable()
export class Handshakes {
  private readonly challenges = new Map<string, Challenge>();

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(SERVER_KEY) private readonly serverKey: ServerKey,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  /**
   * Hands out a nonce. An unknown machine gets one too, so that ids cannot be probed.
   * @throws AgentVersionRefused (AGENT_TOO_OLD, AGENT_TOO_NEW)
   */
  challenge(request: ChallengeRequest): ChallengeResponse {
    const protocolVersion = assertVersion(request.protocol);
    const nonce = newSecret(this.random);
    const oldest = this.challenges.keys().next();
    if (this.challenges.size >= noncesMax && oldest.done !== true) this.challenges.delete(oldest.value);
    this.challenges.set(nonce, { machineId: request.machineId, clientNonce: request.clientNonce, expiresAtMs: this.clock.monotonicMs() + nonceLifeMs });
    const text = challengeText({ by: 'server', machineId: request.machineId, clientNonce: request.clientNonce, nonce });
    return { nonce, signature: this.serverKey.sign(text), serverPublicKey: this.serverKey.publicKey, protocolVersion };
  }

  /**
   * Checks the `auth` of a control connection.
   *
   * @throws HandshakeRefused (HANDSHAKE_REFUSED) unknown machine, unknown, used or expired nonce, bad signature, malformed.
   * @throws AgentVersionRefused (AGENT_TOO_OLD, AGENT_TOO_NEW)
   */
  async verify(auth: unknown): Promise<Readonly<{ machine: ComputerRecord; agentVersion: string }>> {
    const parsed = AgentHandshake.safeParse(auth);
    if (!parsed.success) throw new HandshakeRefused();
    const { machineId, nonce, signature, protocol, agentVersion } = parsed.data;
    assertVersion(protocol);
    const challenge = this.challenges.get(nonce);
    // Spent before anything is checked: a nonce never serves twice, not even after a failure.
    this.challenges.delete(nonce);
    if (!challenge || challenge.machineId !== machineId || challenge.expiresAtMs <= this.clock.monotonicMs()) throw new HandshakeRefused();
    const machine = await this.catalog.computers.find(machineId);
    const text = challengeText({ by: 'agent', machineId, clientNonce: challenge.clientNonce, nonce });
    if (!machine || !hasSigned(machine.publicKey, text, signature)) throw new HandshakeRefused();
    return { machine, agentVersion };
  }
}

/** @throws AgentVersionRefused (AGENT_TOO_OLD, AGENT_TOO_NEW) */
export function assertVersion(range: ProtocolRange): number {
  const negotiated = negotiateVersion(range);
  if (!negotiated.ok) throw new AgentVersionRefused(negotiated.code, negotiated.sentence);
  return negotiated.version;
}

function hasSigned(publicKey: PublicKey, text: string, signature: string): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey, 'base64').toString('base64url') }, format: 'jwk' });
  return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}
