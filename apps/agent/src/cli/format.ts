import { GIB, KIB, MIB, TIB } from '@lifeboat/model';

const steps = [
  { size: TIB, unit: 'TiB' },
  { size: GIB, unit: 'GiB' },
  { size: MIB, unit: 'MiB' },
  { size: KIB, unit: 'KiB' },
] as const;

/** Bytes for people: "1.5 GiB". */
export function formatBytes(bytes: number): string {
  const step = steps.find(({ size }) => bytes >= size);
  return step ? `${(bytes / step.size).toFixed(bytes / step.size >= 100 ? 0 : 1)} ${step.unit}` : `${String(bytes)} B`;
}

/** A duration for people: "2 h 5 min", "41 s". */
export function formatDuration(durationMs: number): string {
  const wholeSeconds = Math.round(durationMs / 1000);
  if (wholeSeconds < 60) return `${String(wholeSeconds)} s`;
  const wholeMinutes = Math.floor(wholeSeconds / 60);
  if (wholeMinutes < 60) return `${String(wholeMinutes)} min ${String(wholeSeconds % 60)} s`;
  return `${String(Math.floor(wholeMinutes / 60))} h ${String(wholeMinutes % 60)} min`;
}

/** A table with columns as wide as their longest cell; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
