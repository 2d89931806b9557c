import { hostname } from 'node:os';
import { ComputerName, type MachineId } from '@lifeboat/model';
import { EnrolResponse, protocolVersions, restPaths, type EnrolRequest } from '@lifeboat/protocol';
import { z } from 'zod';
import { EnrolmentHeld, EnrolmentRejected, UsageInvalid, WrongServerKey } from '../errors/agent-errors.js';
import { postJson } from '../connection/rest-client.js';
import type { AgentState, Identity } from './agent-state.js';
import { readMachineFacts } from './machine-facts.js';

export type EnrolOptions = Readonly<{ serverUrl: string; token: string; name: string | null; disks: readonly string[]; diskSerials: readonly string[] }>;
type EnrolledIdentity = Identity & { machineId: MachineId };

/**
 * Enrols this computer, or asks again what became of it: the same key gives the same answer.
 *
 * @throws EnrolmentHeld (ENROLMENT_HELD), EnrolmentRejected (ENROLMENT_REJECTED), WrongServerKey (WRONG_SERVER_KEY) the state directory belongs
 *   to another server, UsageInvalid (USAGE_INVALID), and as `postJson`.
 */
export async function enrol(options: EnrolOptions, state: AgentState): Promise<EnrolledIdentity> {
  const serverUrl = parseServerUrl(options.serverUrl);
  const name = parseName(options.name ?? hostname());
  const known = await state.identity.read();
  const key = await state.getOrCreateKey();
  const request: EnrolRequest = { token: options.token, name, publicKey: key.publicKey, facts: readMachineFacts(options.diskSerials), protocol: protocolVersions };
  const answer = await postJson({ serverUrl, path: restPaths.enrolments }, request, EnrolResponse);
  if (answer.status === 'rejected') throw new EnrolmentRejected(answer.message);
  if (known && known.serverPublicKey !== answer.serverPublicKey) throw new WrongServerKey(serverUrl);
  const identity: Identity = {
    v: 1, serverUrl, name, disks: [...options.disks], serverPublicKey: answer.serverPublicKey,
    machineId: answer.status === 'enrolled' ? answer.machineId : null, requestId: answer.status === 'held' ? answer.requestId : null,
    pendingToken: answer.status === 'held' ? options.token : null,
  };
  await state.identity.write(identity);
  if (answer.status === 'held') throw new EnrolmentHeld({ requestId: answer.requestId, answer: answer.message });
  return { ...identity, machineId: answer.machineId };
}

/** Asks again for an identity that an admin had to decide about. Throws as {@link enrol}. */
export function enrolAgain(identity: Identity, state: AgentState): Promise<EnrolledIdentity> {
  return enrol({ serverUrl: identity.serverUrl, token: identity.pendingToken ?? '', name: identity.name, disks: identity.disks, diskSerials: [] }, state);
}

function parseServerUrl(text: string): string {
  const parsed = z.url({ protocol: /^https?$/ }).max(512).safeParse(text);
  if (!parsed.success) throw new UsageInvalid('the server address is not a URL', 'Write it as http://127.0.0.1:8420 or https://backup.example.org.');
  return new URL(parsed.data).href;
}

function parseName(text: string): ComputerName {
  const parsed = ComputerName.safeParse(text);
  if (!parsed.success) throw new UsageInvalid(parsed.error.issues[0]?.message ?? 'the computer name is not valid', 'Choose another one with --name.');
  return parsed.data;
}
