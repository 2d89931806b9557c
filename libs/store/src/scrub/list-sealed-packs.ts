import type { PackId } from '@lifeboat/model';
import { temporaryPrefix } from '../fs/write-durably.js';
import type { StoreFs } from '../fs/store-fs.js';
import { openDirectory, packIdOf, packsDirectory } from '../pack/pack-paths.js';

/** What lies in `packs/`: the packs with whether their parity is there, and paths of parity files, finished or not, whose pack is gone. */
export type SealedPacks = Readonly<{ packs: ReadonlyMap<PackId, Readonly<{ hasParity: boolean }>>; orphans: readonly string[] }>;

/** Lists sealed packs and parity files. Cost: at most 257 directories are listed. */
export async function listSealedPacks(fs: StoreFs): Promise<SealedPacks> {
  const packs = new Map<PackId, { hasParity: boolean }>();
  const orphans: string[] = [];
  const open = new Set((await fs.readDir(openDirectory)).map((name) => packIdOf(name, '.open')));
  for (const directory of await fs.readDir(packsDirectory)) {
    if (!/^[0-9a-f]{2}$/.test(directory)) continue;
    const names = await fs.readDir(`${packsDirectory}/${directory}`);
    for (const name of names) {
      const packId = packIdOf(name, '.pack');
      if (packId?.startsWith(directory) === true) packs.set(packId, { hasParity: false });
    }
    for (const name of names) {
      const isTemporary = name.startsWith(temporaryPrefix);
      const packId = packIdOf(isTemporary ? name.slice(temporaryPrefix.length) : name, '.par');
      if (!packId || open.has(packId)) continue;
      const pack = packs.get(packId);
      if (!pack) orphans.push(`${packsDirectory}/${directory}/${name}`);
      else if (!isTemporary) pack.hasParity = true;
    }
  }
  return { packs, orphans };
}
