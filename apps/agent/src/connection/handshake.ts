import { randomBytes } from 'node:crypto';
import { AgentHandshake, ChallengeResponse, challengeText, protocolVersions, restPaths, type ChallengeRequest } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { MachineId, PublicKey } from '@lifeboat/model';
import { agentVersion } from '../config/agent-version.js';
import { WrongServerKey } from '../errors/agent-errors.js';
import { isSignedBy, type KeyPair } from '../identity/key-pair.js';
import { postJson } from './rest-client.js';

/** Who connects to whom. */
export type Credentials = Readonly<{ serverUrl: string; machineId: MachineId; serverPublicKey: PublicKey; key: KeyPair }>;

/**
 * Gets a challenge, checks that the server owns the key pinned at enrolment, and answers it.
 * @throws WrongServerKey (WRONG_SERVER_KEY) before anything of the agent was told, and as `postJson`.
 */
export async function prepareHandshake(credentials: Credentials, signal: AbortSignal): Promise<z.infer<typeof AgentHandshake>> {
  const clientNonce = randomBytes(24).toString('base64url');
  const request: z.infer<typeof ChallengeRequest> = { machineId: credentials.machineId, clientNonce, protocol: protocolVersions };
  const answer = await postJson({ serverUrl: credentials.serverUrl, path: restPaths.challenges, signal }, request, ChallengeResponse);
  const parts = { machineId: credentials.machineId, clientNonce, nonce: answer.nonce };
  const genuine = answer.serverPublicKey === credentials.serverPublicKey && isSignedBy(credentials.serverPublicKey, challengeText({ by: 'server', ...parts }), answer.signature);
  if (!genuine) throw new WrongServerKey(credentials.serverUrl);
  return {
    machineId: credentials.machineId, nonce: answer.nonce, signature: credentials.key.sign(challengeText({ by: 'agent', ...parts })), protocol: protocolVersions, agentVersion,
  };
}
