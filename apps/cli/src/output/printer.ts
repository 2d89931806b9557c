import { isLifeboatError, seconds } from '@lifeboat/model';

/** Where text goes; the process's own streams, or a test's. */
export type Streams = Readonly<{ out: (text: string) => void; err: (text: string) => void }>;

export type PrinterOptions = Readonly<{ json: boolean; ndjson: boolean; quiet: boolean; color: boolean; terminal: boolean }>;

/** Where no terminal rewrites a line, progress is a line this often. */
const plainLineEveryMs = seconds(30);

/** The only place that writes: results to stdout, messages and progress to stderr. */
export class Printer {
  private lineOpen = false;
  private lastPlainMs: number | null = null;

  constructor(
    readonly options: PrinterOptions,
    private readonly streams: Streams,
  ) {}

  /** The result of a command: one JSON object, or text for people. */
  result(json: Readonly<Record<string, unknown>>, text: () => string): void {
    this.endLine();
    if (this.options.json || this.options.ndjson) this.streams.out(`${JSON.stringify(json)}\n`);
    else if (text() !== '') this.streams.out(`${text()}\n`);
  }

  /** One event of a stream; only with `--ndjson`. */
  event(json: Readonly<Record<string, unknown>>): void {
    if (this.options.ndjson) this.streams.out(`${JSON.stringify(json)}\n`);
  }

  /** One object of an endless result, however JSON was asked for. */
  stream(json: Readonly<Record<string, unknown>>): void {
    this.streams.out(`${JSON.stringify(json)}\n`);
  }

  /** A message for people. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.endLine();
    this.streams.err(`${text}\n`);
  }

  /** What a person would do next; left out where nobody reads it. */
  next(command: string): void {
    if (!this.options.json && !this.options.ndjson) this.note(`Next: ${command}`);
  }

  /** How far something is: one line that is rewritten on a terminal, else a line each 30 seconds. */
  progress(text: string, nowMs: number): void {
    if (this.options.quiet) return;
    if (this.options.terminal) {
      this.streams.err(`\r\u001b[K${text}`);
      this.lineOpen = true;
      return;
    }
    this.lastPlainMs ??= nowMs;
    if (nowMs - this.lastPlainMs >= plainLineEveryMs) {
      this.lastPlainMs = nowMs;
      this.streams.err(`${text}\n`);
    }
  }

  /** An error: what failed, the facts, what to do, and the code to look up. Also as the JSON result, so that a script always gets one. */
  error(error: unknown): void {
    this.endLine();
    const { code, message, remedy, details } = describe(error);
    if (this.options.json || this.options.ndjson) this.streams.out(`${JSON.stringify({ v: 1, error: { code, message, remedy, details } })}\n`);
    const facts = Object.entries(details).map(([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`);
    this.streams.err([`lifeboat: ${message} (${code})`, ...facts, ...(remedy === null ? [] : [`  ${remedy}`]), ''].join('\n'));
  }

  private endLine(): void {
    if (this.lineOpen) this.streams.err('\n');
    this.lineOpen = false;
  }
}

function describe(error: unknown): { code: string; message: string; remedy: string | null; details: Readonly<Record<string, unknown>> } {
  if (isLifeboatError(error)) return { code: error.code, message: error.message, remedy: error.remedy ?? null, details: error.details };
  const cause = error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error);
  return { code: 'UNEXPECTED', message: 'something failed that this command did not foresee', remedy: 'Please report it with what you typed.', details: { cause } };
}
