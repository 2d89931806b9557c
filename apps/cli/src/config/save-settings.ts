import { chmod, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SettingsFile } from './settings.js';

/** Writes the user's file, readable by the user only (0600), in a folder of the same kind (0700). After a crash there is the old file or the new one. */
export async function saveSettings(path: string, settings: SettingsFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(path), `.cli.json.${String(process.pid)}`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await chmod(temporary, 0o600);
    await file.writeFile(`${JSON.stringify(settings, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
