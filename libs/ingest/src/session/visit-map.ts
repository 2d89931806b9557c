import { isLifeboatError, walkPages, type Digest, type PageTree } from '@lifeboat/model';

/** Tells every page and chunk of a map, up to the first page that is damaged or deleted: what counts on that one is refused by the commit anyway. */
export async function visitMap(tree: PageTree, visit: (digest: Digest) => void): Promise<void> {
  try {
    await walkPages(tree, (digest, page) => {
      visit(digest);
      for (const entry of page.entries) if (entry.kind === 'data') visit(entry.digest);
      return true;
    });
  } catch (error) {
    if (!isLifeboatError(error)) throw error;
  }
}
