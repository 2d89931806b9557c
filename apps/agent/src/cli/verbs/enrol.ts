import { chooseDisks } from '../../backup/choose-disks.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { takeAgentLock } from '../../identity/agent-lock.js';
import { AgentState } from '../../identity/agent-state.js';
import { enrol } from '../../identity/enrol.js';
import type { Verb } from './verb-context.js';

export type EnrolVerbOptions = Readonly<{ server: string; token: string; name: string | null; disk: readonly string[] }>;

/** `enrol`: makes the key, binds it to a machine on the server, and remembers which disks to protect. */
export const enrolVerb: Verb<EnrolVerbOptions> = async (options, { config, printer }) => {
  const disks = options.disk.length > 0 ? await chooseDisks(options.disk) : await chooseDisks([]).catch(() => []);
  const state = await AgentState.open(config.stateDir);
  const lock = await takeAgentLock(state.directory);
  try {
    const diskSerials = disks.flatMap((disk) => (disk.serial === null ? [] : [disk.serial]));
    const paths = options.disk.length > 0 ? disks.map((disk) => disk.path) : [];
    const identity = await enrol({ serverUrl: options.server, token: options.token, name: options.name, disks: paths, diskSerials }, state);
    const result = { v: 1, machineId: identity.machineId, name: identity.name, serverUrl: identity.serverUrl, disks: disks.map((disk) => ({ id: disk.diskId, path: disk.path })) };
    printer.result(result, () => `Enrolled ${identity.name} at ${identity.serverUrl}.\nNow: \`lifeboat-agent start backup\`, or \`lifeboat-agent run\` to follow the server's schedule.`);
    return exitCodes.ok;
  } finally {
    await lock.release();
  }
};
