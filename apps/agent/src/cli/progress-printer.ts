import cliProgress from 'cli-progress';
import { seconds, type BackupPhase, type BackupProgress } from '@lifeboat/model';
import type { Printer } from './printer.js';
import { formatBytes, formatDuration } from './format.js';

const plainLineMs = seconds(30);
const words: Readonly<Record<BackupPhase, string>> = { prepare: 'Looking at disks', scan: 'Opening session', send: 'Reading and sending', commit: 'Committing' };

/** Shows a running transfer: a bar on a terminal, else a plain line each 30 seconds, nothing with `--quiet`. */
export class ProgressPrinter {
  private bar: cliProgress.SingleBar | null = null;
  private barPhase: BackupPhase | null = null;
  private lineAtMs = 0;
  private readonly startedMs = performance.now();

  constructor(private readonly printer: Printer) {}

  show(progress: BackupProgress): void {
    this.printer.event('progress', { progress });
    if (this.printer.mode.quiet || this.printer.mode.format === 'ndjson') return;
    if (process.stderr.isTTY) this.showBar(progress);
    else if (performance.now() - this.lineAtMs >= plainLineMs) this.showLine(progress);
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private showBar(progress: BackupProgress): void {
    if (progress.phase !== this.barPhase) {
      this.stop();
      this.barPhase = progress.phase;
      this.bar = new cliProgress.SingleBar({ format: `${words[progress.phase]} [{bar}] {percentage}% {facts}`, hideCursor: true, stream: process.stderr, etaBuffer: 20 }, cliProgress.Presets.rect);
      this.bar.start(Math.max(1, progress.totalBytes), progress.doneBytes, { facts: '' });
    }
    this.bar?.update(progress.doneBytes, { facts: this.facts(progress) });
  }

  private showLine(progress: BackupProgress): void {
    if (this.lineAtMs !== 0 || progress.phase === 'send') {
      const percent = progress.totalBytes === 0 ? 0 : Math.floor((100 * progress.doneBytes) / progress.totalBytes);
      this.printer.message(`${words[progress.phase]}: ${String(percent)} % ${this.facts(progress)}`);
    }
    this.lineAtMs = performance.now();
  }

  private facts({ bytes, doneBytes, totalBytes }: BackupProgress): string {
    const elapsedMs = performance.now() - this.startedMs;
    const perMs = doneBytes / Math.max(1, elapsedMs);
    const left = perMs > 0 && totalBytes > doneBytes ? `, about ${formatDuration((totalBytes - doneBytes) / perMs)} left` : '';
    return `read ${formatBytes(bytes.read)}, changed ${formatBytes(bytes.changed)}, sent ${formatBytes(bytes.sent)}, ${formatBytes(perMs * 1000)}/s${left}`;
  }
}
