import { fileURLToPath } from 'node:url';

type Mutant = Readonly<{ name: string; file: string; find: string; replace: string; why: string; equivalent?: string }>;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tools = new URL('../../../tools/mutants/', import.meta.url).href;

test('every safety measure on the list of mutants still stands exactly once where the list says', async () => {
  const { mutants } = (await import(`${tools}mutants.mjs`)) as { mutants: readonly Mutant[] };
  const { findFaults } = (await import(`${tools}check-mutants.mjs`)) as { findFaults: (root: string, mutants: readonly Mutant[]) => string[] };
  expect(findFaults(root, mutants)).toEqual([]);
  expect(mutants.length).toBeGreaterThanOrEqual(60);
  // A list that forgives more than one in eight would say little.
  expect(mutants.filter(({ equivalent }) => equivalent !== undefined).length).toBeLessThan(mutants.length / 8);
  for (const mutant of mutants) expect([mutant.name, mutant.find !== mutant.replace && mutant.why.length > 10]).toEqual([mutant.name, true]);
  // The check itself can fail.
  expect(findFaults(root, [{ name: 'gone', file: 'libs/store/src/store.ts', find: 'text that nobody wrote', replace: '', why: 'it shows that a stale entry is found' }])).toHaveLength(1);
});
