import type { Mft } from '../mft.js';
import { ATTRIBUTE, type MftRecord, type NtfsAttribute, recordNumberAt } from '../mft-record.js';

const ROOT_RECORD = 5;
const DOS_NAMESPACE = 2;
const DEPTH_MAX = 512;
const DIRECTORIES_MAX = 200_000;

/** A name of a record and the directory that holds it. */
export type NtfsName = Readonly<{ parent: number; parentSequence: number; name: string }>;

/** The name of a file by its attributes: the long one before its short DOS form. */
export function nameOf(attributes: readonly NtfsAttribute[]): NtfsName | null {
  const names = attributes.flatMap((one) => (one.type === ATTRIBUTE.fileName && one.resident !== null && one.resident.length >= 68 ? [one.resident] : []));
  const best = names.find((value) => value.readUInt8(65) !== DOS_NAMESPACE) ?? names[0];
  if (!best) return null;
  const name = best.toString('utf16le', 66, 66 + best.readUInt8(64) * 2).replace(/[\0/]/g, '\ufffd');
  return { parent: recordNumberAt(best, 0), parentSequence: best.readUInt16LE(6), name };
}

/** Puts paths together from the names of directories, of which it remembers those used last. */
export class NtfsPaths {
  readonly #directories = new Map<number, (NtfsName & { sequence: number }) | null>();

  constructor(private readonly mft: Mft) {}

  /** The path of `record`; `<inode N>` when it has no name or its directory is gone. */
  async pathOf(record: MftRecord, attributes: readonly NtfsAttribute[]): Promise<string> {
    const nameless = `<inode ${String(record.number)}>`;
    if (record.number === ROOT_RECORD) return '/';
    const names: string[] = [];
    let next = nameOf(attributes);
    while (next !== null && names.length < DEPTH_MAX) {
      names.push(next.name);
      if (next.parent === ROOT_RECORD) return `/${names.reverse().join('/')}`;
      const directory = await this.#directory(next.parent);
      next = directory?.sequence === next.parentSequence ? directory : null;
    }
    return nameless;
  }

  async #directory(number: number): Promise<(NtfsName & { sequence: number }) | null> {
    const known = this.#directories.get(number);
    if (known !== undefined) return known;
    const record = await this.mft.read(number);
    const name = record?.inUse && record.base === 0 ? nameOf((await this.mft.attributesOf(record)).attributes) : null;
    const directory = record && name ? { ...name, sequence: record.sequence } : null;
    const oldest = this.#directories.keys().next();
    if (this.#directories.size >= DIRECTORIES_MAX && !oldest.done) this.#directories.delete(oldest.value);
    this.#directories.set(number, directory);
    return directory;
  }
}
