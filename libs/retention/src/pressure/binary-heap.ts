/** A queue that gives its least element first; `isLess` must order totally, or the order of equals is not defined. */
export class BinaryHeap<T> {
  readonly #elements: T[] = [];
  readonly #isLess: (a: T, b: T) => boolean;

  constructor(isLess: (a: T, b: T) => boolean) {
    this.#isLess = isLess;
  }

  get size(): number {
    return this.#elements.length;
  }

  /** O(log n). */
  push(element: T): void {
    const elements = this.#elements;
    let at = elements.push(element) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = elements[parentAt];
      if (parent === undefined || !this.#isLess(element, parent)) break;
      elements[at] = parent;
      at = parentAt;
    }
    elements[at] = element;
  }

  /** The least element, which leaves the heap; undefined when empty. O(log n). */
  pop(): T | undefined {
    const elements = this.#elements;
    const least = elements[0];
    const last = elements.pop();
    if (last === undefined || elements.length === 0) return least;
    let at = 0;
    for (;;) {
      let childAt = at * 2 + 1;
      let child = elements[childAt];
      if (child === undefined) break;
      const right = elements[childAt + 1];
      if (right !== undefined && this.#isLess(right, child)) {
        childAt += 1;
        child = right;
      }
      if (!this.#isLess(child, last)) break;
      elements[at] = child;
      at = childAt;
    }
    elements[at] = last;
    return least;
  }
}
