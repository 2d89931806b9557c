import type { PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { writeDurably } from '../fs/write-durably.js';
import { parityPathOf } from '../parity/parity-paths.js';
import { sealedDirectoryOf, sealedPathOf } from '../pack/pack-paths.js';
import type { RepairReport } from './repair-report.js';

const quarantineDirectory = 'quarantine';
const lostListedMax = 10_000;

/** Writes beside the original what was wrong with it, for people; nothing reads it. */
export async function writeEvidence(fs: StoreFs, report: RepairReport, atMs: number): Promise<void> {
  const { lost, ...rest } = report;
  const evidence = { ...rest, foundAtMs: atMs, lostChunks: lost.length, lost: lost.slice(0, lostListedMax).map(({ digest, lengthBytes, recordOffset }) => ({ digest, lengthBytes, recordOffset })) };
  await writeDurably(fs, `${quarantineDirectory}/${report.packId}.json`, Buffer.from(`${JSON.stringify(evidence, null, 1)}\n`));
}

/** Moves a damaged pack and its parity out of the store's way, as they are. Done as often as needed: what a crash moved is not missed. */
export async function moveToQuarantine(fs: StoreFs, packId: PackId): Promise<void> {
  for (const path of [sealedPathOf(packId), parityPathOf(packId)]) {
    try {
      await fs.rename(path, `${quarantineDirectory}/${path.slice(path.lastIndexOf('/') + 1)}`);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  await syncDirectory(fs, quarantineDirectory);
  await syncDirectory(fs, sealedDirectoryOf(packId));
}
