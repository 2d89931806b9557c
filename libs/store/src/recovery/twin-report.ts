/**
 * What a comparison of files that exist twice found: how many pairs were looked at, of how many one file was written again from the other, and how many are damaged
 * in both.
 */
export type TwinReport = Readonly<{ checked: number; repaired: number; damaged: number }>;

/** The sum of several comparisons. */
export function addTwinReports(reports: readonly TwinReport[]): TwinReport {
  const sum = (pick: (report: TwinReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  return { checked: sum(({ checked }) => checked), repaired: sum(({ repaired }) => repaired), damaged: sum(({ damaged }) => damaged) };
}
