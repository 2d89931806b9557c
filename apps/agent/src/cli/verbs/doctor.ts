import { isLifeboatError, seconds } from '@lifeboat/model';
import { chooseDisks } from '../../backup/choose-disks.js';
import { closeDisks, inspectDisks } from '../../backup/inspect-disks.js';
import { planBackup } from '../../backup/plan-backup.js';
import { prepareHandshake } from '../../connection/handshake.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { AgentState, type Identity } from '../../identity/agent-state.js';
import { formatTable } from '../format.js';
import type { Verb } from './verb-context.js';

type Check = Readonly<{ name: string; ok: boolean; code: string | null; detail: string; remedy: string | null }>;

/** `doctor`: goes through everything a backup needs and says what stands in its way. Changes nothing. */
export const doctorVerb: Verb<object> = async (_options, { config, printer, signal }) => {
  const state = await AgentState.open(config.stateDir);
  const identity = await state.identity.read();
  const checks: Check[] = [];
  const check = async (name: string, run: () => Promise<string>): Promise<void> => {
    checks.push(await run().then((detail) => ({ name, ok: true, code: null, detail, remedy: null }), (error: unknown) => failed(name, error)));
  };
  await check('state directory', () => Promise.resolve(config.stateDir));
  checks.push(identityCheck(identity));
  if (identity) await check('server', () => checkServer(identity, state, signal));
  await check('disks', async () => (await chooseDisks(identity?.disks ?? [])).map((disk) => disk.path).join(', '));
  for (const disk of await chooseDisks(identity?.disks ?? []).catch(() => [])) await check(`disk ${disk.diskId}`, () => checkDisk(disk));
  const isSound = checks.every((one) => one.ok);
  printer.result({ v: 1, ok: isSound, checks }, () => formatTable(checks.map((one) => [one.ok ? 'ok' : 'PROBLEM', one.name, one.detail, one.remedy ?? ''])));
  return isSound ? exitCodes.ok : exitCodes.failed;
};

function failed(name: string, error: unknown): Check {
  if (!isLifeboatError(error)) throw error;
  return { name, ok: false, code: error.code, detail: error.message, remedy: error.remedy ?? null };
}

function identityCheck(identity: Identity | null): Check {
  const base = { name: 'enrolment', code: null, remedy: null };
  if (identity?.machineId) return { ...base, ok: true, detail: `${identity.name} at ${identity.serverUrl}` };
  if (identity) return { ...base, ok: false, code: 'ENROLMENT_HELD', detail: 'waits for an admin', remedy: `lifeboat enrol resolve ${identity.requestId ?? ''} --as continue|separate|reject` };
  return { ...base, ok: false, code: 'NOT_ENROLLED', detail: 'not enrolled', remedy: 'lifeboat-agent enrol --server URL --token TOKEN' };
}

async function checkServer(identity: Identity, state: AgentState, signal: AbortSignal): Promise<string> {
  if (identity.machineId === null) return 'not asked: the enrolment is not decided';
  const { serverUrl, serverPublicKey, machineId } = identity;
  await prepareHandshake({ serverUrl, serverPublicKey, machineId, key: await state.getOrCreateKey() }, AbortSignal.any([signal, AbortSignal.timeout(seconds(10))]));
  return `${serverUrl} answers and holds the right key`;
}

async function checkDisk(disk: Parameters<typeof inspectDisks>[0][number]): Promise<string> {
  const inspected = await inspectDisks([disk], []);
  await closeDisks(inspected);
  const { refusals, volumes } = planBackup(inspected, { allowInconsistent: false });
  if (refusals.length === 0) return `${String(volumes.length)} volumes, at rest`;
  return `would be refused: ${refusals.map((refusal) => `${refusal.volumeId} ${refusal.message}`).join('; ')}`;
}
