import type { OpenMode, StoreFile, StoreFileStat, StoreFs, StoreSpace } from '@lifeboat/store';

type Write = Readonly<{ position: number; bytes: Uint8Array }>;

/** A file's bytes: what is on the medium, and what was written since without a sync. */
class MemoryFile {
  durable = new Uint8Array(0);
  current = new Uint8Array(0);
  unsynced: Write[] = [];

  write(position: number, bytes: Uint8Array): void {
    this.current = patched(this.current, { position, bytes });
    this.unsynced.push({ position, bytes });
  }

  sync(): void {
    this.durable = this.current.slice();
    this.unsynced = [];
  }

  /** Any unsynced write may have reached the medium, wholly, in part or not at all. */
  crash(pick: (choices: number) => number): void {
    for (const { position, bytes } of this.unsynced) {
      const keep = pick(3);
      if (keep > 0) this.durable = patched(this.durable, { position, bytes: keep === 1 ? bytes : bytes.subarray(pick(2) * Math.floor(bytes.length / 3), Math.ceil(bytes.length / 2)) });
    }
    this.current = this.durable.slice();
    this.unsynced = [];
  }
}

function patched(target: Uint8Array, { position, bytes }: Write): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(Math.max(target.length, position + bytes.length));
  result.set(target);
  result.set(bytes, position);
  return result;
}

/** An error as Node's file system throws it. */
class SystemError extends Error {
  readonly syscall = 'test';
  constructor(readonly code: string) {
    super(code);
  }
}

/**
 * The directory of journals in memory, with crashes and errors. `failNext` makes the operation so many steps ahead fail with an error code;
 * a failing write leaves a part behind.
 */
export class MemorySessionsFs implements StoreFs {
  private names = new Map<string, MemoryFile>();
  private durableNames = new Map<string, MemoryFile>();
  private syncFailure: string | undefined;
  private failure: { inSteps: number; code: string; lasting: boolean } | undefined;

  failNext(code: string, inSteps = 0, lasting = false): void {
    this.failure = { inSteps, code, lasting };
  }

  /** The next sync of a file fails after everything was written. */
  failNextSync(code: string): void {
    this.syncFailure = code;
  }

  /** A file as it is, for tests of damaged ones. */
  put(name: string, bytes: Uint8Array): void {
    const file = new MemoryFile();
    file.write(0, bytes);
    file.sync();
    this.names.set(name, file);
  }

  heal(): void {
    this.failure = undefined;
  }

  /** The machine loses power. `pick(n)` chooses 0..n-1. */
  crash(pick: (choices: number) => number): void {
    const survivors = new Map<string, MemoryFile>();
    for (const name of new Set([...this.durableNames.keys(), ...this.names.keys()])) {
      const before = this.durableNames.get(name);
      const now = this.names.get(name);
      const file = before === now || pick(2) === 0 ? now : before;
      if (file) survivors.set(name, file);
    }
    for (const file of survivors.values()) file.crash(pick);
    this.names = survivors;
    this.durableNames = new Map(survivors);
    this.failure = undefined;
  }

  /** The bytes of a file, to be damaged by a test. */
  bytesOf(name: string): Uint8Array {
    return this.names.get(name)?.current ?? new Uint8Array(0);
  }

  open(path: string, mode: OpenMode): Promise<StoreFile> {
    return this.step(() => {
      const known = this.names.get(path);
      if (mode === 'create' && known) throw new SystemError('EEXIST');
      if (mode !== 'create' && !known) throw new SystemError('ENOENT');
      const file = known ?? new MemoryFile();
      this.names.set(path, file);
      return this.handle(file);
    });
  }

  rename(): Promise<void> {
    return Promise.reject(new SystemError('ENOSYS'));
  }

  unlink(path: string): Promise<void> {
    return this.step(() => void this.names.delete(path));
  }

  mkdir(): Promise<void> {
    return Promise.reject(new SystemError('ENOSYS'));
  }

  readDir(): Promise<string[]> {
    return this.step(() => [...this.names.keys()].sort());
  }

  syncDir(): Promise<void> {
    return this.step(() => {
      this.durableNames = new Map(this.names);
    });
  }

  stat(path: string): Promise<StoreFileStat | null> {
    const file = this.names.get(path);
    return this.step(() => (file ? { kind: 'file', sizeBytes: file.current.length } : null));
  }

  statfs(): Promise<StoreSpace> {
    return Promise.reject(new SystemError('ENOSYS'));
  }

  exists(path: string): Promise<boolean> {
    return this.step(() => this.names.has(path));
  }

  private handle(file: MemoryFile): StoreFile {
    return {
      readAt: (target, position) => this.step(() => {
        const part = file.current.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      }),
      // Short writes are legal, so that every caller must loop.
      writeAt: (source, position) => {
        const part = source.slice(0, Math.max(1, Math.ceil(source.length / 2)));
        return this.step(() => {
          file.write(position, part);
          return part.length;
        });
      },
      sync: () => this.step(() => {
        const code = this.syncFailure;
        this.syncFailure = undefined;
        if (code !== undefined) throw new SystemError(code);
        file.sync();
      }),
      truncate: () => Promise.reject(new SystemError('ENOSYS')),
      size: () => this.step(() => file.current.length),
      close: () => Promise.resolve(),
    };
  }

  private async step<T>(task: () => T): Promise<T> {
    await Promise.resolve();
    if (this.failure) {
      if (this.failure.inSteps > 0) this.failure.inSteps -= 1;
      else {
        const { code, lasting } = this.failure;
        if (!lasting) this.failure = undefined;
        throw new SystemError(code);
      }
    }
    return task();
  }
}
