import type { BackupProgress } from '@lifeboat/model';
import { useState } from 'react';

/** For how long the bytes of a running job have not moved, by this browser's clock and since this page saw them move. */
export function useQuietMs(progress: BackupProgress | null, nowMs: number): number {
  const print = progress === null ? '' : `${progress.phase} ${String(progress.doneBytes)} ${String(progress.bytes.read)} ${String(progress.bytes.sent)}`;
  const [seen, setSeen] = useState({ print, atMs: nowMs });
  if (seen.print !== print) setSeen({ print, atMs: nowMs });
  return seen.print === print ? Math.max(0, nowMs - seen.atMs) : 0;
}
