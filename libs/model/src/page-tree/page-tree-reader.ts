import type { Digest } from '../ids/digest.js';
import type { Extent } from '../extent/extent.js';
import { decodeIndexPage, PageInvalid, type IndexPage } from './index-page.js';
import type { InnerEntry, MapEntry } from './map-entry.js';

/** Deepest tree a reader follows: level 6 would cover more than 2^73 bytes. */
const levelsMax = 8;

/** Hands out page bytes by digest; the source has verified them against the digest. */
export type PageSource = (digest: Digest) => Promise<Uint8Array>;

export interface PageTree {
  readonly root: Digest;
  readonly lengthBytes: number;
  readonly getPage: PageSource;
}

/**
 * Walks the map entries of a volume that touch `range` (default: all of it), in order.
 * Runs may come in several pieces. Reads only the pages on the way; cost O(depth) pages for a small range.
 *
 * @throws PageInvalid (PAGE_INVALID) a page breaks the tree's rules, and whatever `getPage` throws.
 */
export async function* walkMap(tree: PageTree, range: Extent = { offsetBytes: 0, lengthBytes: tree.lengthBytes }): AsyncGenerator<MapEntry> {
  const root = decodeIndexPage(await tree.getPage(tree.root));
  if (coverEnd(root) !== tree.lengthBytes || root.entries[0]?.offsetBytes !== 0) throw new PageInvalid('the root does not cover its volume');
  if (root.level > levelsMax) throw new PageInvalid('tree too deep');
  yield* walkPage(tree, root, range);
}

async function* walkPage(tree: PageTree, page: IndexPage, range: Extent): AsyncGenerator<MapEntry> {
  const end = range.offsetBytes + range.lengthBytes;
  for (const entry of page.entries) {
    if (entry.offsetBytes + entry.lengthBytes <= range.offsetBytes) continue;
    if (entry.offsetBytes >= end) return;
    if (entry.kind === 'page') yield* walkPage(tree, await getChild(tree, entry, page.level), range);
    else yield entry;
  }
}

async function getChild(tree: PageTree, entry: InnerEntry & { kind: 'page' }, parentLevel: number): Promise<IndexPage> {
  const child = decodeIndexPage(await tree.getPage(entry.digest));
  if (child.level !== parentLevel - 1) throw new PageInvalid('child level');
  if (child.entries[0]?.offsetBytes !== entry.offsetBytes || coverEnd(child) !== entry.offsetBytes + entry.lengthBytes) throw new PageInvalid('child range');
  return child;
}

function coverEnd(page: IndexPage): number {
  const last = page.entries.at(-1);
  return last ? last.offsetBytes + last.lengthBytes : 0;
}

/**
 * Walks every page of a tree, parents first, each digest once per visit; `enter` returning false skips a subtree (it is known already).
 */
export async function walkPages(tree: PageTree, enter: (digest: Digest, page: IndexPage) => boolean): Promise<void> {
  const visit = async (digest: Digest, depth: number): Promise<void> => {
    if (depth > levelsMax) throw new PageInvalid('tree too deep');
    const page = decodeIndexPage(await tree.getPage(digest));
    if (!enter(digest, page)) return;
    for (const entry of page.entries) if (entry.kind === 'page') await visit(entry.digest, depth + 1);
  };
  await visit(tree.root, 0);
}
