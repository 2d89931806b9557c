import { noBytes, seconds, type BackupPhase, type BackupProgress, type ByteCounters, type SessionId } from '@lifeboat/model';
import type { BackupPorts } from './backup-ports.js';

/** Counts a run and tells the watcher and the server about it once a second. */
export class ProgressTicker {
  private readonly counters: { -readonly [Name in keyof ByteCounters]: number } = { ...noBytes };
  private phase: BackupPhase = 'prepare';
  private sessionId: SessionId | null = null;
  private isTelling = false;
  private readonly timer: NodeJS.Timeout;
  private readonly stopped = new AbortController();
  /** Bytes that are going to be read. */
  totalBytes = 0;
  /** Asked at each tick, because frames leave on their own time. */
  sentBytes: () => number = () => 0;

  constructor(private readonly ports: Pick<BackupPorts, 'control' | 'onProgress'>) {
    this.timer = setInterval(() => { this.tick(); }, seconds(1));
  }

  get bytes(): ByteCounters {
    return { ...this.counters, sent: this.sentBytes() };
  }

  enter(phase: BackupPhase): void {
    this.phase = phase;
    this.tick();
  }

  add(delta: Readonly<Partial<ByteCounters>>): void {
    for (const [name, value] of Object.entries(delta)) this.counters[name as keyof ByteCounters] += value;
  }

  /** From now on the server hears of the progress, too. */
  follow(sessionId: SessionId): void {
    this.sessionId = sessionId;
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopped.abort();
  }

  private tick(): void {
    const progress: BackupProgress = { phase: this.phase, bytes: this.bytes, doneBytes: Math.min(this.counters.read, this.totalBytes), totalBytes: this.totalBytes };
    this.ports.onProgress(progress);
    if (this.sessionId === null || this.isTelling) return;
    this.isTelling = true;
    const told = (): void => { this.isTelling = false; };
    // Progress is for the eye: a server that does not want it does not stop a backup, and the transfer itself reports what is wrong.
    this.ports.control.request('session.progress', { sessionId: this.sessionId, progress }, this.stopped.signal).then(told, told);
  }
}
