import { StoreClosed, StoreFull, StoreReadOnly } from '../errors.js';
import { isNoSpace } from '../fs/errno.js';

/**
 * Whether the store may write. After a failed fsync the kernel may call lost pages clean, so nothing written before can be believed and a
 * second attempt proves nothing: the fence stays down until the store is opened again and has re-read the disk.
 */
export class WriteFence {
  private failure: StoreReadOnly | StoreClosed | undefined;

  /** @throws StoreReadOnly (STORE_READ_ONLY), StoreClosed (STORE_CLOSED). */
  assertWritable(): void {
    if (this.failure) throw this.failure;
  }

  /** Tells whether writing is over. */
  get isDown(): boolean {
    return this.failure !== undefined;
  }

  /** Ends writing for good and returns the error that says so. The first reason stays. */
  trip(reason: string, cause?: unknown): StoreReadOnly | StoreClosed {
    this.failure ??= new StoreReadOnly(reason, cause);
    return this.failure;
  }

  /** Ends writing because the store is being closed. */
  close(): void {
    this.failure ??= new StoreClosed();
  }

  /** Runs a write. No space is passed on as StoreFull (STORE_FULL) and is survivable; any other failure ends writing. */
  async guard<T>(reason: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (isNoSpace(error)) throw new StoreFull(error);
      if (error instanceof StoreFull) throw error;
      throw this.trip(reason, error);
    }
  }
}
