import { askLocally } from '../../daemon/ask-local.js';
import { listPoints } from '../../daemon/list-points.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { openEnrolledAgent } from '../agent-context.js';
import { formatBytes, formatTable } from '../format.js';
import type { Verb } from './verb-context.js';

/** `get versions`: this computer's restore points, newest first. Asks through the agent process at work, because a computer has one connection. */
export const getVersionsVerb: Verb<object> = async (_options, { config, printer, signal }) => {
  const agent = await openEnrolledAgent(config);
  try {
    const answer = await askLocally(config.stateDir, { ask: 'versions' });
    const versions = answer?.event === 'versions' ? answer.points : await listPoints(agent.control, signal);
    printer.result({ v: 1, computer: agent.identity.name, versions }, () => {
      if (versions.length === 0) return 'No restore point yet. Now: `lifeboat-agent start backup`';
      const rows = versions.map(({ id, createdAt, kind, consistency, state, bytes }) => [id, createdAt, kind, consistency, state, formatBytes(bytes.used), formatBytes(bytes.changed), formatBytes(bytes.stored)]);
      return formatTable([['VERSION', 'CREATED', 'KIND', 'CONSISTENCY', 'STATE', 'USED', 'CHANGED', 'STORED'], ...rows]);
    });
    return exitCodes.ok;
  } finally {
    agent.close();
  }
};
