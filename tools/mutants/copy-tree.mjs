import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const copied = ['libs', 'test/simulation', 'package.json', 'tsconfig.base.json', 'jest.preset.cjs'];

/** Copies the sources that the mutants' tests need, and links the installed packages; the project's own packages are the copies. */
export function copyTree(root, target) {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...copied], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\0').filter(Boolean);
  for (const file of files) if (existsSync(join(root, file))) cpSync(join(root, file), join(target, file));
  link(root, target, 'node_modules');
}

function link(root, target, directory) {
  mkdirSync(join(target, directory), { recursive: true });
  for (const name of readdirSync(join(root, directory))) {
    const path = join(directory, name);
    if (name === '@lifeboat') link(root, target, path);
    else if (directory.endsWith('@lifeboat') && lstatSync(join(root, path)).isSymbolicLink()) symlinkSync(join(target, relative(root, realpathSync(join(root, path)))), join(target, path));
    else symlinkSync(join(root, path), join(target, path));
  }
}

/** Applies a mutant to a copy; the answer takes it back. */
export function edit(tree, { file, find, replace }) {
  const path = join(tree, file);
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, before.split(find).join(replace));
  return () => { writeFileSync(path, before); };
}
