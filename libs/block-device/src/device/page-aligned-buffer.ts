const WASM_PAGE_BYTES = 65_536;
/** Buffers kept for reuse by one pool; each reserves address space besides its bytes. */
const POOLED_MAX = 16;

/** Minimal view of the WebAssembly global: the compiler's `es2023` library does not declare it. */
declare const WebAssembly: { Memory: new (descriptor: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };

/**
 * A buffer whose first byte is page aligned, as O_DIRECT demands. Node has no aligned allocation; the memory of a WebAssembly
 * instance is mapped by the kernel and therefore starts on a page. Each call reserves a lot of address space: keep and reuse.
 *
 * @param lengthBytes length of the result; the memory behind it is rounded up to 64 KiB.
 */
export function pageAlignedBuffer(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.max(1, Math.ceil(lengthBytes / WASM_PAGE_BYTES));
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer, 0, lengthBytes);
}

/** Lends page-aligned buffers of one length to reads that may overlap in time. */
export class AlignedBufferPool {
  readonly #free: Uint8Array[] = [];

  constructor(readonly lengthBytes: number) {}

  /** Runs `use` with a buffer of its own; the content is undefined at the start and must not be kept after the end. */
  async lend<T>(use: (buffer: Uint8Array) => Promise<T>): Promise<T> {
    const buffer = this.#free.pop() ?? pageAlignedBuffer(this.lengthBytes);
    try {
      return await use(buffer);
    } finally {
      if (this.#free.length < POOLED_MAX) this.#free.push(buffer);
    }
  }
}
