import type { BackupSession } from '@lifeboat/ingest';
import { JobId } from '@lifeboat/model';

/** A session's job: the one it was opened for, else one of its own under the same number, so that a restart finds it again. */
export function jobIdOf(session: Pick<BackupSession, 'sessionId' | 'request'>): JobId {
  return session.request.jobId ?? JobId.parse(session.sessionId);
}
