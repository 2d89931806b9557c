import type { Ingest } from '@lifeboat/ingest';
import type { MachineId } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import { ensure } from '../world/simulation-failed.js';
import type { ReferenceModel } from './reference-model.js';

/**
 * Compares the sessions of a server that has just started with what was acknowledged: each goes on where it was promised, its chunks are in the store and verify, and no
 * other machine sees it. A session that is gone was given up for its age, which only the world can judge.
 */
export async function verifySessions(server: Readonly<{ store: Store; ingest: Ingest }>, model: ReferenceModel, machines: readonly MachineId[]): Promise<void> {
  const { store, ingest } = server;
  for (const [sessionId, { machineId, ackedSeq, chunksBySeq, mayEnd }] of model.sessions) {
    const session = ingest.find(machineId, sessionId);
    ensure(session !== undefined || mayEnd, () => `session ${sessionId} is gone, although it was opened and frame ${String(ackedSeq)} acknowledged`);
    for (const other of machines) ensure(other === machineId || ingest.find(other, sessionId) === undefined, () => `${other} sees the session of ${machineId}`);
    if (!session || session.state === 'committed') continue;
    if (session.state === 'aborted') {
      ensure(mayEnd, () => `the journal of session ${sessionId} was found damaged`);
      continue;
    }
    ensure(session.durableSeq >= ackedSeq, () => `session ${sessionId} is durable to ${String(session.durableSeq)}, but ${String(ackedSeq)} was acknowledged`);
    for (const [seq, digests] of chunksBySeq) {
      if (seq > ackedSeq) continue;
      for (const digest of digests) await store.readChunk(digest);
    }
  }
}
