import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/**
 * True when all programs are installed, or when this is CI, where their absence must fail the tests. Else says how many tests are skipped.
 * @param tests how many tests hang on them.
 */
export function haveTools(programs: readonly string[], tests: number): boolean {
  const missing = programs.filter((program) => !FOLDERS.some((folder) => existsSync(`${folder}/${program}`)));
  if (missing.length === 0 || process.env['CI'] === 'true') return true;
  process.stderr.write(`skipped: ${String(tests)} tests, because ${missing.join(', ')} is not installed\n`);
  return false;
}
