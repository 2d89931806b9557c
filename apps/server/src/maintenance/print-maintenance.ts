import type { RebuildReport } from './rebuild-catalog.js';

/** A message about what is going on, for people, on stderr. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The result of a rebuild. */
export function printRebuild(report: RebuildReport, json: boolean): void {
  const { records, computers, points, damagedPoints } = report;
  const damaged = damagedPoints === 0 ? '' : `, ${String(damagedPoints)} of them damaged`;
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `Catalog made anew from ${String(records)} ledger records: ${String(computers)} computers, ${String(points)} restore points${damaged}.\n`);
}
