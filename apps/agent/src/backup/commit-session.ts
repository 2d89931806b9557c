import type { Extent, ManifestDraft, SessionId } from '@lifeboat/model';
import type { SessionCommitted, VolumeRange } from '@lifeboat/protocol';
import { RefillRefused } from '../errors/agent-errors.js';
import type { ControlChannel } from '../connection/control-connection.js';
import { whenServerCan, type PatientPorts } from '../connection/when-server-can.js';

/** How often a server may ask for lost chunks before the run is given up: each time it lost something while this backup waited. */
const refillRoundsMax = 8;

export type CommitTask = Readonly<{
  sessionId: SessionId;
  draft: ManifestDraft;
  /** Sends chunks of one volume again and resolves when the server has them durably. */
  refill: (volume: number, needs: readonly Extent[]) => Promise<void>;
  onRefill: (chunks: number) => void;
  signal: AbortSignal;
}>;

/**
 * Commits the session; sends again what the server lost of it meanwhile, and commits anew.
 * @throws what the control connection and `refill` throw; RefillRefused (REFILL_REFUSED) when the server never has enough.
 */
export async function commitSession(ports: PatientPorts & Readonly<{ control: ControlChannel }>, task: CommitTask): Promise<SessionCommitted> {
  for (let round = 0; round < refillRoundsMax; round += 1) {
    const answer = await whenServerCan(() => ports.control.request('session.commit', { sessionId: task.sessionId, draft: task.draft }, task.signal), ports, task.signal);
    if (!('needs' in answer)) return answer;
    task.onRefill(answer.needs.length);
    for (const [volume, needs] of byVolume(answer.needs)) await task.refill(volume, needs);
  }
  throw new RefillRefused();
}

function byVolume(needs: readonly VolumeRange[]): Map<number, Extent[]> {
  const grouped = new Map<number, Extent[]>();
  for (const { volume, offsetBytes, lengthBytes } of needs) {
    const own = grouped.get(volume) ?? [];
    own.push({ offsetBytes, lengthBytes });
    grouped.set(volume, own);
  }
  return grouped;
}
