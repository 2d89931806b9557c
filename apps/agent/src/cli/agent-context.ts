import { systemClock, systemRandom } from '@lifeboat/codec';
import type { MachineId } from '@lifeboat/model';
import type { AgentConfig } from '../config/agent-config.js';
import { ControlConnection } from '../connection/control-connection.js';
import { dataSocketsOf, type OpenDataSocket } from '../connection/data-socket.js';
import { NotEnrolled } from '../errors/agent-errors.js';
import { AgentState, type Identity } from '../identity/agent-state.js';
import { enrolAgain } from '../identity/enrol.js';

/** An enrolled agent, ready to talk to its server. Whoever opened it closes it. */
export interface EnrolledAgent {
  readonly state: AgentState;
  readonly identity: Identity & { readonly machineId: MachineId };
  readonly control: ControlConnection;
  readonly openDataSocket: OpenDataSocket;
  close(): void;
}

/**
 * Opens the state directory of an enrolled computer. One that is still held asks the server again first.
 * @throws NotEnrolled (NOT_ENROLLED), EnrolmentHeld (ENROLMENT_HELD), EnrolmentRejected (ENROLMENT_REJECTED), AgentStateInvalid, ServerUnreachable.
 */
export async function openEnrolledAgent(config: AgentConfig): Promise<EnrolledAgent> {
  const state = await AgentState.open(config.stateDir);
  const stored = await state.identity.read();
  if (!stored) throw new NotEnrolled(config.stateDir);
  const identity = stored.machineId === null ? await enrolAgain(stored, state) : { ...stored, machineId: stored.machineId };
  const key = await state.getOrCreateKey();
  const { serverUrl, serverPublicKey, machineId } = identity;
  const control = new ControlConnection({ serverUrl, serverPublicKey, machineId, key }, { clock: systemClock, random: systemRandom, unreachableMaxMs: config.unreachableMaxMs });
  return { state, identity, control, openDataSocket: dataSocketsOf(serverUrl), close: () => { control.close(); } };
}
