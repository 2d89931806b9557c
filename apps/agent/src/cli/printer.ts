import { isLifeboatError } from '@lifeboat/model';

/** How results and messages are shown. */
export type OutputMode = Readonly<{ format: 'text' | 'json' | 'ndjson'; quiet: boolean; color: boolean }>;

/** Writes results to stdout and everything else to stderr. The only place of this command that writes to either. */
export class Printer {
  constructor(readonly mode: OutputMode) {}

  /** The result: one JSON object, or text for people. */
  result(value: object, text: () => string): void {
    if (this.mode.format === 'json') process.stdout.write(`${JSON.stringify(value)}\n`);
    else if (this.mode.format === 'ndjson') this.event('result', value);
    else process.stdout.write(`${text()}\n`);
  }

  /** One line of a stream; printed only with `--ndjson`. */
  event(type: string, value: object): void {
    if (this.mode.format === 'ndjson') process.stdout.write(`${JSON.stringify({ event: type, ...value })}\n`);
  }

  /** A sentence about what is going on. */
  message(sentence: string): void {
    if (!this.mode.quiet) process.stderr.write(`${sentence}\n`);
  }

  /** What went wrong and what to do now; with `--json` also as an object on stdout, so that scripts need not read sentences. */
  failure(error: unknown): void {
    const known = isLifeboatError(error) ? error : null;
    const code = known?.code ?? 'INTERNAL_ERROR';
    const message = known?.message ?? 'the agent met an unexpected error';
    process.stderr.write(`error: ${message} (${code})\n`);
    for (const [name, value] of Object.entries(known?.details ?? {})) process.stderr.write(`  ${name}: ${Array.isArray(value) ? value.join('; ') : String(value)}\n`);
    if (known?.remedy) process.stderr.write(`  ${known.remedy}\n`);
    if (!known) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    if (this.mode.format !== 'text') process.stdout.write(`${JSON.stringify({ v: 1, ok: false, code, message, remedy: known?.remedy ?? null, details: known?.details ?? {} })}\n`);
  }
}
