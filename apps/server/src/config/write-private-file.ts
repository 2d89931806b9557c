import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes `text` to a file only its owner may read (0600), durably: temporary file, fsync, rename, fsync of the directory.
 * After a crash there is the old file or the new one.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${String(process.pid)}.tmp`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
