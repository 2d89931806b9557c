import { StoreLocked } from '../errors.js';
import type { StoreLocker } from '../lock/store-locker.js';
import type { OpenMode, StoreFile, StoreFileStat, StoreFs, StoreSpace } from '../fs/store-fs.js';
import { MemoryDirectory, MemoryFileContent, type MemoryNode, type PowerCut } from './memory-files.js';

/** The operations that change or read files, for faults and counting. */
export type FsOperation = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'mkdir' | 'readDir' | 'syncDir' | 'stat';

/** Asked before each operation; returning an error code makes it fail, `short` makes a read or write transfer only a part. */
export type FaultPlan = (operation: FsOperation, path: string, count: number) => string | undefined;

/** The process is dead: what a crashed file system answers to everything. */
export class Crashed extends Error {
  readonly code = 'CRASHED';
}

/** The durable names of a directory: its own, or those of one outcome of a power cut. */
type NamesOf = (directory: MemoryDirectory) => Map<string, MemoryNode>;
const syncedNamesOf: NamesOf = (directory) => directory.syncedNames;

/** A change of names that no directory sync has made durable yet. */
export interface PendingName {
  /** The directories whose sync makes the change durable. */
  readonly directories: readonly MemoryDirectory[];
  /** Carries the change over; `namesOf` gives the durable names of a directory. */
  apply(namesOf: NamesOf): void;
}

/**
 * A file system in memory with the guarantees POSIX gives and no more: bytes are safe after `sync`, names after `syncDir`. {@link crash} answers what a new process
 * would find, after a kill (everything) or a power cut (a random part of what was not synced).
 */
export class MemoryStoreFs implements StoreFs {
  /** Faults to inject. */
  faults: FaultPlan = () => undefined;
  /** Bytes all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Operations so far. */
  operations = 0;
  /** The process dies before the operation with this number, counted from 1. */
  dieBefore = Number.POSITIVE_INFINITY;
  /** How many bytes of a write still reach the file when the process dies in it; by default none. */
  lastWriteBytes: (lengthBytes: number) => number = () => 0;
  private locked = false;

  constructor(
    private readonly root: MemoryDirectory = new MemoryDirectory(),
    private pendingNames: PendingName[] = [],
  ) {}

  /** Takes ownership once; a crash frees it, as the kernel would. */
  readonly locker: StoreLocker = (path) => {
    if (this.locked) return Promise.reject(new StoreLocked(path));
    this.locked = true;
    return Promise.resolve({
      release: () => {
        this.locked = false;
        return Promise.resolve();
      },
    });
  };

  /**
   * What is left for the next process: after a kill everything, after a power cut what `cut` says of the part that was not synced. By default of a name everything,
   * of bytes nothing. A power cut may be tried several times on the same dead file system, a kill goes on with its files.
   */
  crash(how: 'kill' | 'power', cut: PowerCut = () => 0): MemoryStoreFs {
    this.dieBefore = 0;
    return how === 'kill' ? new MemoryStoreFs(this.root, this.pendingNames) : this.copyAfter(cut);
  }

  /** What a power cut at this moment would leave; this one lives on. */
  copyAfter(cut: PowerCut): MemoryStoreFs {
    const durable = new Map<MemoryDirectory, Map<string, MemoryNode>>();
    const namesOf: NamesOf = (directory) => {
      const names = durable.get(directory) ?? new Map(directory.syncedNames);
      durable.set(directory, names);
      return names;
    };
    for (const change of this.pendingNames) if (typeof cut === 'function' ? cut(2) === 0 : cut !== 'worst') change.apply(namesOf);
    return new MemoryStoreFs(copyAfterPowerCut(this.root, cut, namesOf) as MemoryDirectory);
  }

  /** Tells whether the process is dead. */
  get isDead(): boolean {
    return this.operations >= this.dieBefore;
  }

  /** An independent file system with the same files, all of them durable. */
  copy(): MemoryStoreFs {
    return new MemoryStoreFs(copyTree(this.root) as MemoryDirectory);
  }

  /** Changes a file's bytes behind everyone's back, as rot would. */
  corrupt(path: string, change: (bytes: Buffer) => void): void {
    const file = this.file(path);
    change(file.bytes);
    file.sync();
  }

  /** A copy of a file's bytes. */
  bytesOf(path: string): Buffer {
    return Buffer.from(this.file(path).bytes);
  }

  /** Every file's path, sorted. */
  paths(): string[] {
    return listFiles(this.root, '').sort();
  }

  async open(path: string, mode: OpenMode): Promise<StoreFile> {
    this.step('open', path);
    const { directory, name } = this.parent(path);
    const found = directory.names.get(name);
    if (mode !== 'create') return Promise.resolve(new MemoryFile(this, path, this.file(path)));
    if (found) throw systemError('EEXIST', path);
    const file = new MemoryFileContent();
    this.setName(directory, name, file);
    return new MemoryFile(this, path, file);
  }

  async rename(from: string, to: string): Promise<void> {
    this.step('rename', from);
    const source = this.parent(from);
    const target = this.parent(to);
    const node = source.directory.names.get(source.name);
    if (!node) throw systemError('ENOENT', from);
    source.directory.names.delete(source.name);
    target.directory.names.set(target.name, node);
    this.pendingNames.push({
      directories: [source.directory, target.directory],
      apply: (namesOf) => {
        if (namesOf(source.directory).get(source.name) === node) namesOf(source.directory).delete(source.name);
        namesOf(target.directory).set(target.name, node);
      },
    });
    return Promise.resolve();
  }

  async unlink(path: string): Promise<void> {
    this.step('unlink', path);
    const { directory, name } = this.parent(path);
    const node = directory.names.get(name);
    if (!node) throw systemError('ENOENT', path);
    directory.names.delete(name);
    this.pendingNames.push({ directories: [directory], apply: (namesOf) => { if (namesOf(directory).get(name) === node) namesOf(directory).delete(name); } });
    return Promise.resolve();
  }

  async mkdir(path: string): Promise<void> {
    this.step('mkdir', path);
    const { directory, name } = this.parent(path);
    const found = directory.names.get(name);
    if (found && found.kind !== 'directory') throw systemError('EEXIST', path);
    if (!found) this.setName(directory, name, new MemoryDirectory());
    return Promise.resolve();
  }

  async readDir(path: string): Promise<string[]> {
    this.step('readDir', path);
    return Promise.resolve([...this.directory(path).names.keys()].sort());
  }

  async syncDir(path: string): Promise<void> {
    this.step('syncDir', path);
    const directory = this.directory(path);
    const settled = this.pendingNames.filter((change) => change.directories.includes(directory));
    if (settled.length === 0) return Promise.resolve();
    this.pendingNames = this.pendingNames.filter((change) => !change.directories.includes(directory));
    for (const change of settled) change.apply(syncedNamesOf);
    return Promise.resolve();
  }

  async stat(path: string): Promise<StoreFileStat | null> {
    this.step('stat', path);
    const node = this.find(path);
    if (!node) return null;
    return Promise.resolve({ kind: node.kind, sizeBytes: node.kind === 'file' ? node.bytes.length : 0 });
  }

  statfs(): Promise<StoreSpace> {
    const totalBytes = Number.isFinite(this.capacityBytes) ? this.capacityBytes : 2 ** 40;
    return Promise.resolve({ totalBytes, freeBytes: Math.max(0, totalBytes - this.usedBytes()), totalInodes: 1_000_000, freeInodes: 999_000 });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path)) !== null;
  }

  /** Counts an operation and fails it when the process is dead or a fault is due; answers whether a transfer is to be short. */
  step(operation: FsOperation, path: string): 'short' | 'whole' {
    this.operations += 1;
    if (this.operations >= this.dieBefore) throw new Crashed(`the process died at operation ${String(this.operations)}`);
    const fault = this.faults(operation, path, this.operations);
    if (fault === 'short') return 'short';
    if (fault) throw systemError(fault, path);
    return 'whole';
  }

  /** Fails when a file that grows by this much would not fit. */
  assertFits(path: string, growthBytes: number): void {
    if (growthBytes > 0 && Number.isFinite(this.capacityBytes) && this.usedBytes() + growthBytes > this.capacityBytes) throw systemError('ENOSPC', path);
  }

  /** Bytes of all files together. */
  usedBytes(): number {
    return listNodes(this.root).reduce((sum, node) => sum + (node.kind === 'file' ? node.bytes.length : 0), 0);
  }

  private setName(directory: MemoryDirectory, name: string, node: MemoryNode): void {
    directory.names.set(name, node);
    this.pendingNames.push({ directories: [directory], apply: (namesOf) => namesOf(directory).set(name, node) });
  }

  private parent(path: string): { directory: MemoryDirectory; name: string } {
    const slash = path.lastIndexOf('/');
    return { directory: this.directory(slash < 0 ? '' : path.slice(0, slash)), name: path.slice(slash + 1) };
  }

  private file(path: string): MemoryFileContent {
    const node = this.find(path);
    if (!node) throw systemError('ENOENT', path);
    if (node.kind !== 'file') throw systemError('EISDIR', path);
    return node;
  }

  private directory(path: string): MemoryDirectory {
    const node = this.find(path);
    if (!node) throw systemError('ENOENT', path);
    if (node.kind !== 'directory') throw systemError('ENOTDIR', path);
    return node;
  }

  private find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.root;
    for (const part of path === '' ? [] : path.split('/')) node = node?.kind === 'directory' ? node.names.get(part) : undefined;
    return node;
  }
}

class MemoryFile implements StoreFile {
  constructor(
    private readonly fs: MemoryStoreFs,
    private readonly path: string,
    private readonly content: MemoryFileContent,
  ) {}

  async readAt(target: Uint8Array, position: number): Promise<number> {
    const wanted = this.fs.step('read', this.path) === 'short' ? Math.ceil(target.length / 2) : target.length;
    const { bytes } = this.content;
    return Promise.resolve(position >= bytes.length ? 0 : bytes.copy(target, 0, position, Math.min(bytes.length, position + wanted)));
  }

  async writeAt(source: Uint8Array, position: number): Promise<number> {
    if (this.fs.operations + 1 === this.fs.dieBefore) this.content.write(source.subarray(0, this.fs.lastWriteBytes(source.length)), position);
    const part = this.fs.step('write', this.path) === 'short' ? source.subarray(0, Math.ceil(source.length / 2)) : source;
    this.fs.assertFits(this.path, position + part.length - this.content.bytes.length);
    this.content.write(part, position);
    return Promise.resolve(part.length);
  }

  async sync(): Promise<void> {
    this.fs.step('sync', this.path);
    this.content.sync();
    return Promise.resolve();
  }

  async truncate(lengthBytes: number): Promise<void> {
    this.fs.step('truncate', this.path);
    this.content.resize(lengthBytes);
    return Promise.resolve();
  }

  size(): Promise<number> {
    return Promise.resolve(this.content.bytes.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'memory' });
}

function listNodes(directory: MemoryDirectory): MemoryNode[] {
  return [...directory.names.values()].flatMap((node) => (node.kind === 'directory' ? [node, ...listNodes(node)] : [node]));
}

function listFiles(directory: MemoryDirectory, prefix: string): string[] {
  return [...directory.names].flatMap(([name, node]) => (node.kind === 'directory' ? listFiles(node, `${prefix}${name}/`) : [`${prefix}${name}`]));
}

function copyAfterPowerCut(node: MemoryNode, cut: PowerCut, namesOf: NamesOf): MemoryNode {
  if (node.kind === 'file') return node.afterPowerCut(cut);
  const left = new MemoryDirectory();
  for (const [name, child] of namesOf(node)) {
    const copy = copyAfterPowerCut(child, cut, namesOf);
    left.names.set(name, copy);
    left.syncedNames.set(name, copy);
  }
  return left;
}

function copyTree(node: MemoryNode): MemoryNode {
  if (node.kind === 'file') return MemoryFileContent.of(node.bytes);
  const copy = new MemoryDirectory();
  for (const [name, child] of node.names) {
    const childCopy = copyTree(child);
    copy.names.set(name, childCopy);
    copy.syncedNames.set(name, childCopy);
  }
  return copy;
}
