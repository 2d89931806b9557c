import { setImmediate as nextTurn } from 'node:timers/promises';
import { MIB, type Random } from '@lifeboat/model';
import { SerialQueue } from '../concurrency/serial-queue.js';
import { StoreFull } from '../errors.js';
import { errnoOf, isNoSpace } from '../fs/errno.js';
import { syncDirectory, syncFile, writeFullyAt } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { pieceBytesFor } from './reserve-size.js';

const directory = 'reserve';
const writeBytes = MIB;

/** What a reserve is kept on. `targetBytes` 0 keeps none. */
export type ReservePorts = Readonly<{ fs: StoreFs; random: Random; targetBytes: number }>;

/**
 * Files of random bytes that take up space nobody else can then use, so that a full disk still has room for what makes room: ledger records, and the copies of a
 * compaction. They are given up one by one, and while some are missing the store takes no new content. Zeros would not do: filesystems that compress or keep
 * snapshots give no space for them.
 */
export class Reserve {
  private readonly work = new SerialQueue();
  private readonly pieces = new Map<string, number>();
  private readonly pieceBytes: number;
  private isDepleted = false;
  private filling: Promise<void> | undefined;

  private constructor(private readonly ports: ReservePorts) {
    this.pieceBytes = pieceBytesFor(ports.targetBytes);
  }

  /** Finds the files that are there; makes none. */
  static async open(ports: ReservePorts): Promise<Reserve> {
    const reserve = new Reserve(ports);
    for (const name of (await ports.fs.exists(directory)) ? await ports.fs.readDir(directory) : []) {
      const found = await ports.fs.stat(`${directory}/${name}`);
      if (found?.kind === 'file' && /^\d{4}\.reserve$/.test(name)) reserve.pieces.set(name, found.sizeBytes);
    }
    return reserve;
  }

  /** Bytes the reserve takes up now. */
  get heldBytes(): number {
    return [...this.pieces.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Runs work that a full disk must not stop; each time it finds no space a piece of the reserve is given up and it runs again. The work must leave nothing
   * behind when it fails for lack of space.
   */
  async whileReleasing<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StoreFull || isNoSpace(error)) || !(await this.release())) throw error;
      }
    }
  }

  /**
   * Asked before new content is taken: as long as pieces are missing, what is free belongs to them.
   * @throws StoreFull (STORE_FULL) there is no space beyond what the reserve lacks.
   */
  async assertWhole(): Promise<void> {
    if (!this.isDepleted) return;
    const missingBytes = this.ports.targetBytes - this.heldBytes;
    const { freeBytes } = await this.ports.fs.statfs();
    if (freeBytes < missingBytes + this.pieceBytes) throw new StoreFull();
    this.fillInBackground();
  }

  /** Makes the files that are missing, as far as the disk has room for them and one more; gives up what is too much. */
  async fill(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.work.run(() => this.fillOne(signal)))) await nextTurn();
  }

  /** Waits for what runs in the background. */
  async settle(): Promise<void> {
    await this.filling;
  }

  private fillInBackground(): void {
    this.filling ??= this.fill()
      // A reserve that cannot be written is missing, which the next call finds out; the disk itself is watched where data is written.
      .catch(() => undefined)
      .finally(() => { this.filling = undefined; });
  }

  /** @returns whether a piece was given up. */
  private release(): Promise<boolean> {
    return this.work.run(async () => {
      const name = [...this.pieces.keys()].at(-1);
      if (name === undefined) return false;
      this.isDepleted = true;
      await this.remove(name);
      return true;
    });
  }

  /** @returns whether there may be more to do. */
  private async fillOne(signal: AbortSignal | undefined): Promise<boolean> {
    const { fs, targetBytes } = this.ports;
    const missingBytes = targetBytes - this.heldBytes;
    const last = [...this.pieces.keys()].at(-1);
    if (last !== undefined && missingBytes <= -(this.pieces.get(last) ?? 0)) {
      await this.remove(last);
      return true;
    }
    if (missingBytes <= 0) {
      this.isDepleted = false;
      return false;
    }
    const lengthBytes = Math.min(this.pieceBytes, missingBytes);
    if ((await fs.statfs()).freeBytes < lengthBytes + this.pieceBytes) return false;
    return this.make(this.freeName(), lengthBytes, signal);
  }

  private freeName(): string {
    let number = 0;
    while (this.pieces.has(nameOf(number))) number += 1;
    return nameOf(number);
  }

  private async make(name: string, lengthBytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { fs } = this.ports;
    const path = `${directory}/${name}`;
    const file = await fs.open(path, 'create');
    let whole = false;
    try {
      whole = await this.write({ file, path }, lengthBytes, signal);
      if (whole) await syncFile(file, path);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    } finally {
      await file.close();
      if (!whole) await fs.unlink(path);
    }
    if (!whole) return false;
    await syncDirectory(fs, directory);
    this.pieces.set(name, lengthBytes);
    return true;
  }

  /** @returns false when it was told to stop. */
  private async write({ file, path }: Readonly<{ file: Awaited<ReturnType<StoreFs['open']>>; path: string }>, lengthBytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    for (let at = 0; at < lengthBytes; at += writeBytes) {
      if (signal?.aborted) return false;
      await writeFullyAt(file, this.ports.random.bytes(Math.min(writeBytes, lengthBytes - at)), { path, offsetBytes: at });
      await nextTurn();
    }
    return true;
  }

  private async remove(name: string): Promise<void> {
    const { fs } = this.ports;
    this.pieces.delete(name);
    try {
      await fs.unlink(`${directory}/${name}`);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    // The space is free for others only when the name is gone for good.
    await syncDirectory(fs, directory);
  }
}

const nameOf = (number: number): string => `${String(number).padStart(4, '0')}.reserve`;
