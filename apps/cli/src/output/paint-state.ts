/** Terminal colours of the states; colour only repeats what the word says. */
const colours: Readonly<Record<string, number>> = { protected: 32, late: 33, unproven: 33, at_risk: 31, pending: 36, paused: 90 };

/** Colours the first state word of a line. */
export function paintState(line: string, color: boolean): string {
  if (!color) return line;
  return line.replace(/(?<= {2})(protected|late|unproven|at_risk|pending|paused)(?= {2}|$)/, (word) => `\u001b[${String(colours[word] ?? 0)}m${word}\u001b[0m`);
}
