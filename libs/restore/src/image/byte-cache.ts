/** Keeps the most recently used values within a number of bytes. */
export class ByteCache<V> {
  private readonly kept = new Map<string, Readonly<{ value: V; bytes: number }>>();
  private usedBytes = 0;

  /** @param bytesMax a value that alone is larger is not kept at all. */
  constructor(private readonly bytesMax: number) {}

  /** Bytes in use now, never more than the bound. */
  get sizeBytes(): number {
    return this.usedBytes;
  }

  /** The value, which counts as used now. */
  find(key: string): V | undefined {
    const found = this.kept.get(key);
    if (!found) return undefined;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found.value;
  }

  has(key: string): boolean {
    return this.kept.has(key);
  }

  keep(key: string, value: V, bytes: number): void {
    this.drop(key);
    if (bytes > this.bytesMax) return;
    this.kept.set(key, { value, bytes });
    this.usedBytes += bytes;
    for (const oldest of this.kept.keys()) {
      if (this.usedBytes <= this.bytesMax) break;
      this.drop(oldest);
    }
  }

  clear(): void {
    this.kept.clear();
    this.usedBytes = 0;
  }

  private drop(key: string): void {
    const found = this.kept.get(key);
    if (!found) return;
    this.kept.delete(key);
    this.usedBytes -= found.bytes;
  }
}
