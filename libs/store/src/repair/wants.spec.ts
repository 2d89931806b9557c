import fc from 'fast-check';
import type { Digest, PackId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { decodeWants, encodeWants, type Want } from './wants-file.js';
import { Wants } from './wants.js';

const want = (seed: number): Want => ({
  digest: seed.toString(16).padStart(64, '0') as Digest, lengthBytes: seed + 1, packId: 'ab'.repeat(16) as PackId, recordOffset: 4096 + seed * 16,
});
const placeOf = ({ packId, recordOffset, lengthBytes }: Want): { packId: PackId; recordOffset: number; entry: number; lengthBytes: number } => ({ packId, recordOffset, entry: 0, lengthBytes });
const elsewhere = (lost: Want): ReturnType<typeof placeOf> => ({ ...placeOf(lost), packId: 'cd'.repeat(16) as PackId });

test('a list comes back as it was, and any change of it is refused', () => {
  const list = { generation: 7, wants: [want(1), want(200)] };
  const bytes = encodeWants(list);
  expect(decodeWants(bytes)).toEqual(list);
  for (let at = 0; at < bytes.length; at += 1) {
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 0x40;
    expect(isInvalid(decodeWants(copy))).toBe(true);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => { expect(isInvalid(decodeWants(garbage))).toBe(true); }));
});

test('only the place that rotted is avoided, and only another one fulfils a want', async () => {
  const wants = await Wants.load(new MemoryStoreFs());
  wants.add([want(1), want(2)]);
  expect([wants.isRotten(want(1).digest, placeOf(want(1))), wants.isRotten(want(1).digest, elsewhere(want(1))), wants.isRotten(want(3).digest, placeOf(want(3)))]).toEqual([true, false, false]);
  wants.fulfil(new Map([[want(1).digest, placeOf(want(1))], [want(9).digest, placeOf(want(9))]]));
  expect(wants.list()).toEqual([want(1), want(2)]);
  wants.fulfil(new Map([[want(1).digest, elsewhere(want(1))]]));
  expect(wants.list()).toEqual([want(2)]);
});

test('the newest list that was saved survives whatever happens to the saving', async () => {
  const saved: string[] = [];
  const fs = new MemoryStoreFs();
  const total = await work(fs, saved);
  expect(saved.length).toBe(4);
  for (let dieBefore = 1; dieBefore <= total; dieBefore += 1) {
    for (const how of ['kill', 'power'] as const) {
      const dying = new MemoryStoreFs();
      const promised: string[] = [];
      dying.dieBefore = dieBefore;
      await work(dying, promised).catch(() => undefined);
      const loaded = await Wants.load(dying.crash(how));
      const found = encoded(loaded);
      // The one that was promised, or the one that was being saved.
      expect([Buffer.from(encodeWants({ generation: 1, wants: [] })).toString('hex'), ...saved].slice(promised.length, promised.length + 2)).toContain(found);
    }
  }
});

test('a copy that rots is made good by the other', async () => {
  const fs = new MemoryStoreFs();
  await work(fs, []);
  const expected = (await Wants.load(fs)).list();
  for (const path of ['repair/wants.a', 'repair/wants.b']) {
    const copy = fs.copy();
    copy.corrupt(path, (bytes) => { bytes[40] = (bytes[40] ?? 0) ^ 1; });
    expect((await Wants.load(copy)).list()).toEqual(expected);
    await copy.unlink(path);
    expect((await Wants.load(copy)).list()).toEqual(expected);
  }
});

/** Four saves of different lists; `saved` gets each that resolved. Answers the file operations it took. */
async function work(fs: MemoryStoreFs, saved: string[]): Promise<number> {
  const wants = await Wants.load(fs);
  for (const seed of [1, 2, 3]) {
    wants.add([want(seed)]);
    await wants.save();
    saved.push(encoded(wants));
  }
  wants.fulfil(new Map([[want(2).digest, elsewhere(want(2))]]));
  await wants.save();
  await wants.save();
  saved.push(encoded(wants));
  return fs.operations;
}

const encoded = (wants: Wants): string => Buffer.from(encodeWants({ generation: 1, wants: wants.list() })).toString('hex');
