import type { OpenMode, StoreFile, StoreFileStat, StoreFs, StoreSpace } from '@lifeboat/store';
import { Crashed } from '@lifeboat/store/testing';

/** What a process' file system does besides its work. */
export type Pacing = Readonly<{
  /** Awaited after every operation: others go on meanwhile. */
  pace: () => Promise<void> | undefined;
  /** The process died in an operation. */
  onDeath: () => void;
}>;

/**
 * The file system as one process sees it: operations take time, and when the process dies in one, none of its code runs on. An operation has its effect when it begins,
 * so a sync covers what was written before it and nothing that came later.
 */
export class PacedStoreFs implements StoreFs {
  constructor(
    private readonly inner: StoreFs,
    private readonly pacing: Pacing,
  ) {}

  open(path: string, mode: OpenMode): Promise<StoreFile> {
    return this.run(() => this.inner.open(path, mode).then((file) => this.paced(file)));
  }

  rename(from: string, to: string): Promise<void> {
    return this.run(() => this.inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.run(() => this.inner.unlink(path));
  }

  mkdir(path: string): Promise<void> {
    return this.run(() => this.inner.mkdir(path));
  }

  readDir(path: string): Promise<string[]> {
    return this.run(() => this.inner.readDir(path));
  }

  syncDir(path: string): Promise<void> {
    return this.run(() => this.inner.syncDir(path));
  }

  stat(path: string): Promise<StoreFileStat | null> {
    return this.run(() => this.inner.stat(path));
  }

  statfs(): Promise<StoreSpace> {
    return this.inner.statfs();
  }

  exists(path: string): Promise<boolean> {
    return this.run(() => this.inner.exists(path));
  }

  private paced(file: StoreFile): StoreFile {
    return {
      readAt: (target, position) => this.run(() => file.readAt(target, position)),
      writeAt: (source, position) => this.run(() => file.writeAt(source, position)),
      sync: () => this.run(() => file.sync()),
      truncate: (lengthBytes) => this.run(() => file.truncate(lengthBytes)),
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  private async run<T>(operation: () => Promise<T>): Promise<T> {
    try {
      const result = await operation();
      await this.pacing.pace();
      return result;
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
      this.pacing.onDeath();
      // One for each: a shared one would hold on to every process that ever died.
      return new Promise<never>(() => undefined);
    }
  }
}
