import type { Chance } from './chance.js';
import { Mailbox } from './mailbox.js';
import type { Scheduler } from './scheduler.js';

/** How bad a line is: each fault happens to one message in so many, 0 is never. */
export type WireFaults = Readonly<{ drop: number; duplicate: number; reorder: number; truncate: number; flip: number; cut: number }>;

/** A line that only ever delays. */
export const goodWire: WireFaults = { drop: 0, duplicate: 0, reorder: 0, truncate: 0, flip: 0, cut: 0 };

type WirePorts = Readonly<{ scheduler: Scheduler; chance: Chance; faults: WireFaults; /** The line broke. */ onCut: () => void; /** A message was changed on the way. */ onDamage: () => void }>;

/** One direction of a line. Messages arrive later, as the faults leave them. */
export class Wire {
  readonly inbox = new Mailbox<Uint8Array>();
  private readonly queue: Uint8Array[] = [];
  private delivering = false;

  constructor(private readonly ports: WirePorts) {}

  send(message: Uint8Array): void {
    const { chance, faults } = this.ports;
    if (this.inbox.isClosed || chance.oneIn(faults.drop)) return;
    this.queue.push(this.damaged(message));
    if (chance.oneIn(faults.duplicate)) this.queue.push(message);
    const [last, before] = [this.queue.length - 1, this.queue.length - 2];
    if (before >= 0 && chance.oneIn(faults.reorder)) this.queue.splice(before, 2, ...this.queue.slice(before).reverse());
    if (chance.oneIn(faults.cut)) this.ports.onCut();
    else if (!this.delivering && last >= 0) void this.deliver();
  }

  close(): void {
    this.queue.length = 0;
    this.inbox.close();
  }

  private async deliver(): Promise<void> {
    this.delivering = true;
    for (let message = this.queue.shift(); message !== undefined; message = this.queue.shift()) {
      await this.ports.scheduler.pause(null);
      this.inbox.put(message);
    }
    this.delivering = false;
  }

  private damaged(message: Uint8Array): Uint8Array {
    const { chance, faults, onDamage } = this.ports;
    if (chance.oneIn(faults.truncate)) {
      onDamage();
      return message.slice(0, chance.below(message.length));
    }
    if (!chance.oneIn(faults.flip)) return message;
    onDamage();
    const changed = message.slice();
    // Headers and tables are the smaller part of a message and the more interesting one.
    const at = chance.below(chance.oneIn(2) ? Math.min(128, message.length) : message.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << chance.below(8));
    return changed;
  }
}
