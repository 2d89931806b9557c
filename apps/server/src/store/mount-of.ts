import { readFile, realpath } from 'node:fs/promises';
import { errnoOf } from '../config/errno-of.js';

/** Where a path lies. */
export type PathMount = Readonly<{ device: string; mountPoint: string }>;

/**
 * The mount that holds `path`, from /proc/self/mountinfo; `unknown` on systems without it.
 * @see Linux Documentation/filesystems/proc.rst, "/proc/<pid>/mountinfo".
 */
export async function mountOf(path: string): Promise<PathMount> {
  try {
    return findMount(await readFile('/proc/self/mountinfo', 'utf8'), await realpath(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return unknownMount;
    throw error;
  }
}

const unknownMount: PathMount = { device: 'unknown', mountPoint: 'unknown' };

/** Picks the longest mount point that `path` lies under; of several on one place the last, which hides the others. Pure. */
export function findMount(mountInfo: string, path: string): PathMount {
  let found = unknownMount;
  let foundLength = -1;
  for (const line of mountInfo.split('\n')) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-');
    const mountPoint = unescapeOctal(fields[4] ?? '');
    const isUnder = path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
    if (separator < 0 || mountPoint === '' || !isUnder || mountPoint.length < foundLength) continue;
    foundLength = mountPoint.length;
    found = { device: unescapeOctal(fields[separator + 2] ?? 'unknown'), mountPoint };
  }
  return found;
}

/** The kernel writes blanks, tabs, line ends and backslashes in paths as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
