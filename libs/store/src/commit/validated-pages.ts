import type { Digest } from '@lifeboat/model';
import { DigestSet } from '../binary/digest-set.js';
import type { PackStates } from '../pack/pack-states.js';
import type { PackUses } from '../pack/pack-uses.js';

/** At this many the cache begins anew; 30 MB of memory. */
const pagesMax = 262_144;

/**
 * Pages whose whole closure a commit has found live. They need no second look as long as no pack stopped being live and no collection began: a collection only
 * leaves alone what was relied on after it began, so the first commit behind its begin looks at everything again.
 */
export class ValidatedPages {
  private pages = new DigestSet();
  private version = 0;
  private generation = 0;

  constructor(
    private readonly states: PackStates,
    private readonly uses: PackUses,
  ) {}

  has(digest: Digest): boolean {
    this.dropOutdated();
    return this.pages.has(digest);
  }

  /** Takes in the pages of a commit all of which, and everything below, were found. */
  add(pages: Iterable<Digest>): void {
    this.dropOutdated();
    for (const digest of pages) this.pages.add(digest);
  }

  private dropOutdated(): void {
    const isCurrent = this.version === this.states.version && this.generation === this.uses.generation;
    if (isCurrent && this.pages.size < pagesMax) return;
    this.pages = new DigestSet();
    this.version = this.states.version;
    this.generation = this.uses.generation;
  }
}
