/** What happened in a world, as a running hash and, when somebody wants to read it, line by line. */
export class Trace {
  private high = 0x811c9dc5;
  private low = 0x1000193;
  private events = 0;

  /** @param onLine gets every line; without it only the hash is kept. */
  constructor(private readonly onLine?: (line: string) => void) {}

  /** Notes an event. Equal runs note equal events in equal order. */
  add(event: string): void {
    this.events += 1;
    for (let at = 0; at < event.length; at += 1) {
      const code = event.charCodeAt(at);
      this.high = Math.imul(this.high ^ code, 0x01000193) >>> 0;
      this.low = (Math.imul(this.low, 31) + code) >>> 0;
    }
    this.onLine?.(`${String(this.events).padStart(6)}  ${event}`);
  }

  /** The hash of everything so far, 16 hexadecimal digits. */
  get hash(): string {
    return this.high.toString(16).padStart(8, '0') + this.low.toString(16).padStart(8, '0');
  }
}
