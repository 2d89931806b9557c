import { readFile } from 'node:fs/promises';

/** A line of the kernel's mount table. */
export type MountLine = Readonly<{ deviceNumber: string; mountPoint: string; filesystem: string; source: string; readWrite: boolean }>;

/**
 * The mounts that this process sees.
 * @see proc(5), /proc/pid/mountinfo: id, parent, major:minor, root, mount point, options, tags …, `-`, type, source, superblock options.
 */
export async function readMountTable(): Promise<MountLine[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Parses the table. Lines of another form are left out. */
export function parseMountInfo(table: string): MountLine[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [deviceNumber, mountPoint] = [fields[2], fields[4]];
    const [filesystem, source, superOptions] = fields.slice(dash + 1);
    if (dash === -1 || !deviceNumber || !mountPoint || !filesystem || source === undefined || superOptions === undefined) return [];
    // The superblock decides: a read-only bind mount does not keep others from writing.
    return [{ deviceNumber, mountPoint: unescapeOctal(mountPoint), filesystem, source: unescapeOctal(source), readWrite: superOptions.split(',').includes('rw') }];
  });
}

/** Paths of the swap areas in use. @see proc(5), /proc/swaps. */
export async function readSwapPaths(): Promise<string[]> {
  return parseSwaps(await readFile('/proc/swaps', 'utf8'));
}

/** Parses /proc/swaps: a heading, then a path per line. */
export function parseSwaps(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => unescapeOctal(line.split(/\s/)[0] ?? ''))
    .filter((path) => path.startsWith('/'));
}

/** The kernel writes blanks, tabs, newlines and backslashes as three octal digits; other bytes are as they are. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
