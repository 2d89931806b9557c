import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

function sourceFiles(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', 'out-tsc', 'generated', 'testing'].includes(entry.name) ? [] : sourceFiles(file);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.spec.ts') ? [file] : [];
  });
}

/** Codes of error classes: `readonly code = 'X'`, with the file that declares each. */
const declared = ['apps', 'libs']
  .flatMap((folder) => sourceFiles(path.join(root, folder)))
  .flatMap((file) => [...fs.readFileSync(file, 'utf8').matchAll(/readonly code(?:: string)? = '([A-Z0-9_]+)'/g)].map(([, code]) => ({ code: code ?? '', file: path.relative(root, file) })));

describe('error codes', () => {
  const listed = [...fs.readFileSync(path.join(root, 'docs/ERRORS.md'), 'utf8').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code ?? '');

  test('are each declared once in a project', () => {
    const places = declared.map(({ code, file }) => `${file.split('/').slice(0, 2).join('/')} ${code}`);
    expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([]);
    expect(places.length).toBeGreaterThan(30);
  });

  test('are each listed in docs/ERRORS.md, once', () => {
    expect(declared.filter(({ code }) => !listed.includes(code))).toEqual([]);
    expect(listed.filter((code, at) => listed.indexOf(code) !== at)).toEqual([]);
  });
});
