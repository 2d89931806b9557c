import { RestorePointId, randomHex128 } from '@lifeboat/model';
import type { SessionOpened } from '@lifeboat/protocol';
import { whenServerCan } from '../connection/when-server-can.js';
import { ServerRefused } from '../errors/agent-errors.js';
import type { BackupPorts } from './backup-ports.js';
import type { PlannedVolume } from './plan-backup.js';

/** What a session may be opened with; null stands for nothing. */
type Lineage = Readonly<{ basePointId: RestorePointId | null; resumeSessionId: SessionOpened['sessionId'] | null }>;

/** An open session and the base it was given. */
export type OpenedSession = Readonly<{ opened: SessionOpened; basePointId: RestorePointId | null; resumed: boolean }>;

/**
 * Opens a session: first with the session that an earlier run left and the newest good point as base; when the server does not have them any
 * more, with less. Remembers it so that a killed run can be continued.
 */
export async function openBackupSession(volumes: readonly PlannedVolume[], request: Readonly<{ jobId: SessionOpened['jobId'] | null; signal: AbortSignal }>, ports: BackupPorts): Promise<OpenedSession> {
  const left = await ports.state.openSession.read();
  const basePointId = await findBasePoint(ports, request.signal);
  const tries = lineages({ basePointId, resumeSessionId: left?.sessionId ?? null });
  for (const [index, lineage] of tries.entries()) {
    const requestId = randomHex128(ports.random);
    try {
      const wished = { requestId, jobId: request.jobId, volumes: volumes.map((volume) => ({ volumeId: volume.volumeId, lengthBytes: volume.cut.lengthBytes })), ...lineage };
      const opened = await whenServerCan(() => ports.control.request('session.open', wished, request.signal), ports, request.signal);
      await ports.state.openSession.write({ v: 1, sessionId: opened.sessionId, requestId, basePointId: lineage.basePointId });
      return { opened, basePointId: lineage.basePointId, resumed: opened.bases.some((base) => base.kind === 'resumed' && base.resumedBytes > 0) };
    } catch (error) {
      const isLast = index === tries.length - 1;
      if (isLast || !(error instanceof ServerRefused) || error.retry !== 'never') throw error;
      ports.onMessage(lineage.resumeSessionId === null ? 'The last restore point cannot serve as base; everything is sent.' : 'The interrupted backup cannot be continued; starting anew.');
    }
  }
  throw new ServerRefused({ code: 'SESSION_NOT_OPENED', message: 'the server opened no session', retry: 'later' });
}

function lineages(best: Lineage): Lineage[] {
  const list: Lineage[] = [best];
  if (best.resumeSessionId !== null) list.push({ basePointId: best.basePointId, resumeSessionId: null });
  if (best.basePointId !== null) list.push({ basePointId: null, resumeSessionId: null });
  return list;
}

/** The newest good point: a suspect or damaged one is nobody's base. */
async function findBasePoint(ports: BackupPorts, signal: AbortSignal): Promise<RestorePointId | null> {
  const { points } = await ports.control.request('points.list', {}, signal);
  let newest: (typeof points)[number] | undefined;
  for (const point of points) if (point.state === 'good' && (!newest || point.createdAt > newest.createdAt)) newest = point;
  return newest ? RestorePointId.parse(newest.id) : null;
}
