import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Defect } from '../errors/errors.js';
import type { Digest, DigestOf } from '../ids/digest.js';
import { decodeIndexPage, encodeIndexPage, PAGE_ENTRIES_MAX, PageInvalid } from './index-page.js';
import { chunkBytesMax, type MapEntry, type RunKind } from './map-entry.js';
import { leafSpanBytes, PageTreeBuilder } from './page-tree-builder.js';
import { walkMap, walkPages, type PageTree } from './page-tree-reader.js';

// Any digest will do for the tree; SHA-256 needs no engine.
const digestOf: DigestOf = (bytes) => createHash('sha256').update(bytes).digest('hex') as Digest;
const digestNo = (seed: number): Digest => seed.toString(16).padStart(64, '0') as Digest;

type Built = PageTree & Readonly<{ pages: ReadonlyMap<Digest, Uint8Array>; levels: readonly number[] }>;

function build(entries: readonly MapEntry[]): Built {
  const lengthBytes = entries.reduce((sum, entry) => sum + entry.lengthBytes, 0);
  const pages = new Map<Digest, Uint8Array>();
  const levels: number[] = [];
  const builder = new PageTreeBuilder(lengthBytes, digestOf, ({ digest, bytes, level }) => {
    for (const entry of decodeIndexPage(bytes).entries) {
      if (entry.kind === 'page' && !pages.has(entry.digest)) throw new TypeError('a parent came before its child');
    }
    pages.set(digest, bytes);
    levels.push(level);
  });
  for (const entry of entries) builder.push(entry);
  const root = builder.finish();
  const getPage = (digest: Digest): Promise<Uint8Array> => {
    const page = pages.get(digest);
    return page ? Promise.resolve(page) : Promise.reject(new TypeError('a page is missing'));
  };
  return { root, lengthBytes, getPage, pages, levels };
}

async function collect(tree: PageTree, range?: { offsetBytes: number; lengthBytes: number }): Promise<MapEntry[]> {
  const entries: MapEntry[] = [];
  for await (const entry of walkMap(tree, range)) entries.push(entry);
  return entries;
}

/** Neighbouring runs of a kind joined: what a map says, however it is split. */
function joined(entries: readonly MapEntry[]): MapEntry[] {
  const result: MapEntry[] = [];
  for (const entry of entries) {
    const last = result.at(-1);
    if (last && entry.kind !== 'data' && last.kind === entry.kind) result[result.length - 1] = { ...last, lengthBytes: last.lengthBytes + entry.lengthBytes };
    else result.push(entry);
  }
  return result;
}

/** Comparing texts is a hundred times faster than comparing thousands of objects. */
const textOf = (entries: readonly MapEntry[]): string => JSON.stringify(entries, null, 1);

type Run = Readonly<{ kind: 'data' | RunKind; lengthBytes: number; seed: number; repeat: number }>;

// Lengths around what matters: a sector, the usual chunk, the longest chunk, leaf spans and spans of the level above.
const arbRun: fc.Arbitrary<Run> = fc.oneof(
  fc.record({ kind: fc.constant('data' as const), lengthBytes: fc.constantFrom(512, 4096, 65_536, chunkBytesMax), seed: fc.nat(50), repeat: fc.constantFrom(1, 1, 2, 40, 600) }),
  fc.record({
    kind: fc.constantFrom('zero' as const, 'unallocated' as const, 'unreadable' as const), seed: fc.constant(0), repeat: fc.constant(1),
    lengthBytes: fc.oneof(fc.constantFrom(512, leafSpanBytes, leafSpanBytes * 3, leafSpanBytes * PAGE_ENTRIES_MAX, leafSpanBytes * PAGE_ENTRIES_MAX + 512), fc.integer({ min: 1, max: 2 ** 32 })),
  }),
);

function place(runs: readonly Run[]): MapEntry[] {
  const entries: MapEntry[] = [];
  let offsetBytes = 0;
  for (const run of runs) {
    for (let count = 0; count < run.repeat; count += 1) {
      entries.push(run.kind === 'data' ? { kind: 'data', offsetBytes, lengthBytes: run.lengthBytes, digest: digestNo(run.seed + count) } : { kind: run.kind, offsetBytes, lengthBytes: run.lengthBytes });
      offsetBytes += run.lengthBytes;
    }
  }
  return entries;
}
const arbMap = fc.array(arbRun, { minLength: 1, maxLength: 7, size: 'max' }).map(place);

/** The same map with its runs cut at arbitrary places. */
function splitRuns(entries: readonly MapEntry[], cuts: readonly number[]): MapEntry[] {
  return entries.flatMap((entry, index) => {
    const cut = (cuts[index % cuts.length] ?? 0) % entry.lengthBytes;
    if (entry.kind === 'data' || cut === 0) return [entry];
    return [{ ...entry, lengthBytes: cut }, { ...entry, offsetBytes: entry.offsetBytes + cut, lengthBytes: entry.lengthBytes - cut }];
  });
}

describe('the page tree of a volume', () => {
  test('says of every byte what was pushed', async () => {
    await fc.assert(fc.asyncProperty(arbMap, async (entries) => {
      expect(textOf(joined(await collect(build(entries))))).toBe(textOf(joined(entries)));
    }), { numRuns: 40 });
  });

  test('is the same however runs were split on the way', () => {
    fc.assert(fc.property(arbMap, fc.array(fc.nat(), { minLength: 1, maxLength: 9 }), (entries, cuts) => {
      expect(build(splitRuns(entries, cuts)).root).toBe(build(entries).root);
    }), { numRuns: 40 });
  });

  test('differs when any entry differs', () => {
    fc.assert(fc.property(arbMap, fc.nat(), (entries, which) => {
      const at = which % entries.length;
      const changed = entries.map((entry, index): MapEntry =>
        index !== at ? entry : entry.kind === 'data' ? { ...entry, digest: digestNo(999) } : { ...entry, kind: entry.kind === 'zero' ? 'unreadable' : 'zero' });
      expect(build(changed).root).not.toBe(build(entries).root);
    }), { numRuns: 40 });
  });

  test('gives the entries of a range and no others', async () => {
    await fc.assert(fc.asyncProperty(arbMap, fc.nat(), fc.integer({ min: 1, max: 2 ** 30 }), async (entries, start, lengthBytes) => {
      const tree = build(entries);
      const offsetBytes = start % tree.lengthBytes;
      const touching = (await collect(tree)).filter((entry) => entry.offsetBytes < offsetBytes + lengthBytes && entry.offsetBytes + entry.lengthBytes > offsetBytes);
      expect(textOf(await collect(tree, { offsetBytes, lengthBytes }))).toBe(textOf(touching));
    }), { numRuns: 40 });
  });

  test('counts bytes by kind', () => {
    fc.assert(fc.property(arbMap, (entries) => {
      const lengthBytes = entries.reduce((sum, entry) => sum + entry.lengthBytes, 0);
      const builder = new PageTreeBuilder(lengthBytes, digestOf, () => undefined);
      for (const entry of entries) builder.push(entry);
      const sumOf = (kind: MapEntry['kind']): number => entries.filter((entry) => entry.kind === kind).reduce((sum, entry) => sum + entry.lengthBytes, 0);
      expect(builder.counts).toEqual({ dataBytes: sumOf('data'), zeroBytes: sumOf('zero'), unallocatedBytes: sumOf('unallocated'), unreadableBytes: sumOf('unreadable') });
      expect(builder.coveredBytes).toBe(lengthBytes);
    }));
  });

  test('stays small: a changed chunk changes one page per level, an empty volume is one page', () => {
    const chunks = place([{ kind: 'data', lengthBytes: 65_536, seed: 1, repeat: 4096 }]);
    const before = build(chunks);
    const after = build(chunks.map((entry, index) => (index === 2000 && entry.kind === 'data' ? { ...entry, digest: digestNo(99_999) } : entry)));
    expect([...after.pages.keys()].filter((digest) => !before.pages.has(digest))).toHaveLength(Math.max(...after.levels) + 1);
    expect(build([{ kind: 'zero', offsetBytes: 0, lengthBytes: 16 * 2 ** 40 }]).pages.size).toBe(1);
  });

  test('lists every page once for each visit, parents first, and skips what is not entered', async () => {
    const tree = build(place([{ kind: 'data', lengthBytes: 65_536, seed: 1, repeat: 700 }, { kind: 'zero', lengthBytes: 2 ** 30, seed: 0, repeat: 1 }, { kind: 'data', lengthBytes: 512, seed: 5, repeat: 600 }]));
    const visited: Digest[] = [];
    await walkPages(tree, (digest) => visited.push(digest) > 0);
    expect(new Set(visited)).toEqual(new Set(tree.pages.keys()));
    expect(visited[0]).toBe(tree.root);
    const entered: Digest[] = [];
    await walkPages(tree, (digest) => entered.push(digest) > 1);
    expect(entered).toEqual([tree.root]);
  });

  test('takes only entries that follow each other inside the volume', () => {
    const builder = (): PageTreeBuilder => new PageTreeBuilder(8192, digestOf, () => undefined);
    expect(() => { builder().push({ kind: 'zero', offsetBytes: 512, lengthBytes: 512 }); }).toThrow(Defect);
    expect(() => { builder().push({ kind: 'zero', offsetBytes: 0, lengthBytes: 8193 }); }).toThrow(Defect);
    expect(() => { builder().push({ kind: 'zero', offsetBytes: 0, lengthBytes: 0 }); }).toThrow(Defect);
    expect(() => builder().finish()).toThrow(Defect);
    expect(() => new PageTreeBuilder(0, digestOf, () => undefined)).toThrow(Defect);
  });
});

describe('an index page', () => {
  test('arbitrary bytes are refused as PAGE_INVALID', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(() => decodeIndexPage(bytes)).toThrow(PageInvalid);
    }));
  });

  test('a changed byte gives a page of the rules or PAGE_INVALID, never anything else', () => {
    const [page] = [...build(place([{ kind: 'data', lengthBytes: 4096, seed: 3, repeat: 5 }, { kind: 'zero', lengthBytes: 9000, seed: 0, repeat: 1 }])).pages.values()];
    expect(page).toBeDefined();
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(40), (changes, cut) => {
      const bytes = (page ?? new Uint8Array()).slice(0, (page?.length ?? 0) - (cut > 30 ? cut : 0));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      try {
        const decoded = decodeIndexPage(bytes);
        expect(encodeIndexPage(decoded.level, decoded.entries)).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PageInvalid);
      }
    }), { numRuns: 2000 });
  });

  test('a tree whose pages do not fit together is refused', async () => {
    const inner = build(place([{ kind: 'data', lengthBytes: 65_536, seed: 1, repeat: 700 }]));
    const other = build([{ kind: 'data', offsetBytes: 0, lengthBytes: 512, digest: digestNo(1) }]);
    const swapped = { ...inner, getPage: (digest: Digest) => inner.getPage(digest === inner.root ? digest : inner.root) };
    await expect(collect(swapped)).rejects.toThrow(PageInvalid);
    await expect(collect({ ...other, lengthBytes: 1024 })).rejects.toThrow(PageInvalid);
    // A page that names itself must not be followed for ever.
    const root = encodeIndexPage(5, [{ kind: 'page', offsetBytes: 0, lengthBytes: 512, digest: digestNo(7) }]);
    const looping = { root: digestNo(7), lengthBytes: 512, getPage: () => Promise.resolve(root) };
    await expect(collect(looping)).rejects.toThrow(PageInvalid);
    await expect(walkPages(looping, () => true)).rejects.toThrow(PageInvalid);
  });
});
