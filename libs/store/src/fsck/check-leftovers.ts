import { isInvalid } from '../binary/binary.js';
import { readCopy } from '../fs/read-copy.js';
import type { StoreFs } from '../fs/store-fs.js';
import { decodeWants, wantsBytesMax } from '../repair/wants-file.js';
import type { FsckFindings } from './fsck-report.js';

const leftovers = [
  { directory: 'quarantine', code: 'FILE_IN_QUARANTINE', detail: 'a damaged original kept as evidence; what it held was repaired or reported' },
  { directory: 'trash', code: 'FILE_IN_TRASH', detail: 'the next collection removes it' },
] as const;
/** Directories in `trash/` are as deep as those the files came from. */
const depthMax = 4;

/** Reports what lies in `quarantine/` and `trash/`, and whether the list of lost content can be read. */
export async function checkLeftovers(fs: StoreFs, findings: FsckFindings): Promise<void> {
  for (const { directory, code, detail } of leftovers) {
    for await (const { path, sizeBytes } of filesBelow(fs, directory, depthMax)) findings.add('info', code, { path, lengthBytes: sizeBytes, detail });
  }
  for await (const { path, sizeBytes } of filesBelow(fs, 'repair', 1)) {
    const copy = await readCopy(fs, path, { bytesMax: wantsBytesMax, sync: false });
    const decoded = copy instanceof Uint8Array ? decodeWants(copy) : { invalid: 'the file cannot be read' };
    if (isInvalid(decoded)) findings.add('damage', 'WANTS_DAMAGED', { path, lengthBytes: sizeBytes, detail: `${decoded.invalid}; the other copy serves, and the next scrub finds again what is lost` });
  }
}

async function* filesBelow(fs: StoreFs, directory: string, depth: number): AsyncGenerator<{ path: string; sizeBytes: number }> {
  const found = await fs.stat(directory);
  if (found?.kind !== 'directory') return;
  for (const name of await fs.readDir(directory)) {
    const path = `${directory}/${name}`;
    const entry = await fs.stat(path);
    if (entry?.kind === 'directory' && depth > 0) yield* filesBelow(fs, path, depth - 1);
    else if (entry) yield { path, sizeBytes: entry.sizeBytes };
  }
}
