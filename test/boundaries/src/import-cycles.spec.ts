import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../../..');

/** Source files of the projects, without tests and generated code. */
function sourceFiles(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', 'out-tsc', 'generated'].includes(entry.name) ? [] : sourceFiles(file);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.spec.ts') ? [file] : [];
  });
}

/** Files that `file` imports by relative path, types included: a cycle of types hides the direction of the design as well. */
function importsOf(file: string, known: ReadonlySet<string>): string[] {
  return ts
    .preProcessFile(fs.readFileSync(file, 'utf8'), true, true)
    .importedFiles.map((imported) => imported.fileName)
    .filter((name) => name.startsWith('.'))
    .flatMap((name) => ['.ts', '.tsx'].map((ending) => path.resolve(path.dirname(file), name.replace(/\.js$/, '') + ending)))
    .filter((target) => known.has(target));
}

/** The first cycle found by depth-first search, as a list of files, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, trail: string[]): string[] | undefined => {
    const at = trail.indexOf(file);
    if (at >= 0) return [...trail.slice(at), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = walk(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle.map((name) => path.relative(root, name));
  }
  return undefined;
}

describe('imports', () => {
  const files = ['apps', 'libs'].flatMap((folder) => sourceFiles(path.join(root, folder)));
  const known = new Set(files);

  test('form no cycle', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(findCycle(new Map(files.map((file) => [file, importsOf(file, known)])))).toBeUndefined();
  });

  test('would be caught if they did', () => {
    expect(findCycle(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]]))).toHaveLength(3);
  });
});
