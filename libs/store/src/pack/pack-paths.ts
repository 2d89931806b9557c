import { PackId } from '@lifeboat/model';

/** Directory of packs that are still written to. */
export const openDirectory = 'open';
/** Directory of sealed packs, in one directory for each first byte of their ids. */
export const packsDirectory = 'packs';

/** Name of a pack while it is written. */
export const openPathOf = (packId: PackId): string => `${openDirectory}/${packId}.open`;
/** Directory of a sealed pack. */
export const sealedDirectoryOf = (packId: PackId): string => `${packsDirectory}/${packId.slice(0, 2)}`;
/** Name of a sealed pack. */
export const sealedPathOf = (packId: PackId): string => `${sealedDirectoryOf(packId)}/${packId}.pack`;

/** The pack a file name stands for; undefined for any other name. */
export function packIdOf(fileName: string, suffix: '.open' | '.pack' | '.par'): PackId | undefined {
  if (!fileName.endsWith(suffix)) return undefined;
  const parsed = PackId.safeParse(fileName.slice(0, -suffix.length));
  return parsed.success ? parsed.data : undefined;
}
