import cliProgress from 'cli-progress';
import { seconds, type BackupPhase, type BackupProgress } from '@lifeboat/model';
import type { RestoreProgress } from '@lifeboat/restore';
import type { Printer } from './printer.js';
import { formatBytes, formatDuration } from './format.js';

const plainLineMs = seconds(30);
const backupWords: Readonly<Record<BackupPhase, string>> = { prepare: 'Looking at disks', scan: 'Opening session', send: 'Reading and sending', commit: 'Committing' };
const restoreWords: Readonly<Record<RestoreProgress['phase'], string>> = { write: 'Restoring', sync: 'Writing to stable storage', verify: 'Reading back' };

/** What a bar shows: done of total, and a few facts beside it. */
type ProgressView = Readonly<{ label: string; doneBytes: number; totalBytes: number; facts: string }>;

/** Shows a running transfer: a bar per phase on a terminal, else a plain line each 30 seconds, nothing with `--quiet`. */
export class ProgressPrinter {
  private bar: cliProgress.SingleBar | null = null;
  private barLabel: string | null = null;
  private readonly startedMs = performance.now();
  private lineAtMs = performance.now();

  constructor(private readonly printer: Printer) {}

  /** A report of a backup under way. */
  showBackup(progress: BackupProgress): void {
    this.printer.event('progress', { progress });
    const { bytes, doneBytes, totalBytes } = progress;
    const facts = `read ${formatBytes(bytes.read)}, changed ${formatBytes(bytes.changed)}, sent ${formatBytes(bytes.sent)}, ${this.rate(doneBytes, totalBytes)}`;
    this.show({ label: backupWords[progress.phase], doneBytes, totalBytes, facts });
  }

  /** A report of a restore under way. */
  showRestore(progress: RestoreProgress): void {
    this.printer.event('progress', { progress });
    const { doneBytes, totalBytes } = progress;
    this.show({ label: restoreWords[progress.phase], doneBytes, totalBytes, facts: `${progress.volumeId ?? ''} ${this.rate(doneBytes, totalBytes)}` });
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private show(view: ProgressView): void {
    if (this.printer.mode.quiet || this.printer.mode.format === 'ndjson') return;
    if (process.stderr.isTTY) this.showBar(view);
    else if (performance.now() - this.lineAtMs >= plainLineMs) {
      this.lineAtMs = performance.now();
      const percent = view.totalBytes === 0 ? 0 : Math.floor((100 * view.doneBytes) / view.totalBytes);
      this.printer.message(`${view.label}: ${String(percent)} % ${view.facts}`);
    }
  }

  private showBar({ label, doneBytes, totalBytes, facts }: ProgressView): void {
    if (label !== this.barLabel) {
      this.stop();
      this.barLabel = label;
      this.bar = new cliProgress.SingleBar({ format: `${label} [{bar}] {percentage}% {facts}`, hideCursor: true, stream: process.stderr }, cliProgress.Presets.rect);
      this.bar.start(Math.max(1, totalBytes), doneBytes, { facts: '' });
    }
    this.bar?.update(doneBytes, { facts });
  }

  private rate(doneBytes: number, totalBytes: number): string {
    const perMs = doneBytes / Math.max(1, performance.now() - this.startedMs);
    const left = perMs > 0 && totalBytes > doneBytes ? `, about ${formatDuration((totalBytes - doneBytes) / perMs)} left` : '';
    return `${formatBytes(perMs * 1000)}/s${left}`;
  }
}
