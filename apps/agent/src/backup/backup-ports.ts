import type { SnapshotProvider } from '@lifeboat/change-tracking';
import type { BackupProgress, Clock, Random } from '@lifeboat/model';
import type { ControlChannel } from '../connection/control-connection.js';
import type { OpenDataSocket } from '../connection/data-socket.js';
import type { AgentState } from '../identity/agent-state.js';

/** Who watches a run. */
export type BackupWatcher = Readonly<{
  /** Once a second. */
  onProgress: (progress: BackupProgress) => void;
  /** A sentence for people: waiting, resuming, falling back. */
  onMessage: (sentence: string) => void;
}>;

/** Everything a backup reaches the world through, apart from the disks. */
export type BackupPorts = Readonly<{
  control: ControlChannel; openDataSocket: OpenDataSocket; state: AgentState; clock: Clock; random: Random;
  /** Ways to read a volume that is mounted for writing, in order of preference. */
  snapshots: readonly SnapshotProvider[];
  unreachableMaxMs: number; parkedMaxMs: number;
}> &
  BackupWatcher;
