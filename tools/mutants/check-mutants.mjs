import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How often a mutant's text stands in its file; anything but 1 makes the list dishonest. */
export function occurrences(root, { file, find }) {
  try {
    return readFileSync(join(root, file), 'utf8').split(find).length - 1;
  } catch {
    return 0;
  }
}

/** Mutants that do not match the code any more, and names used twice; empty when the list is right. */
export function findFaults(root, mutants) {
  const faults = mutants.flatMap((mutant) => {
    const count = occurrences(root, mutant);
    return count === 1 ? [] : [`${mutant.name}: its text stands ${String(count)} times in ${mutant.file}`];
  });
  const names = mutants.map(({ name }) => name);
  return [...faults, ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name}: named twice`)];
}
