import { printable } from './format.js';

export type Column<Row> = Readonly<{ title: string; of: (row: Row) => string; right?: boolean }>;

/** Rows in aligned columns under their titles; the last column is not padded. Wide characters count as two. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => printable(column.of(row))))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => widthOf(line[index] ?? ''))));
  return cells
    .map((line) =>
      line
        .map((cell, index) => {
          const gap = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
          if (columns[index]?.right === true) return gap + cell;
          return index === line.length - 1 ? cell : cell + gap;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, one a line, the names aligned. */
export function formatFacts(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts.map(([name, value]) => `${name}${' '.repeat(width - widthOf(name))}  ${printable(value)}`).join('\n');
}

/** Terminal cells of a text: emoji and East Asian wide characters take two, marks none. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}|\u200d|\ufe0f/u.test(character)) continue;
    width += /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u.test(character) ? 2 : 1;
  }
  return width;
}
