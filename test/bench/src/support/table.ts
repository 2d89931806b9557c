import { cpus, loadavg, release, totalmem } from 'node:os';
import { GIB } from '@lifeboat/model';

/** Prints to stdout. */
export const say = (text: string): void => { process.stdout.write(`${text}\n`); };

/** What a reader has to know before numbers: the machine and how busy it was. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? 'unknown CPU'}, ${String(cpus().length)} cores, ${String(Math.round(totalmem() / GIB))} GiB, Linux ${release()}, Node ${process.version}, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}`;
}

/** A Markdown table, its columns aligned. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
