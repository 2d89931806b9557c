import { MIB } from '@lifeboat/model';
import { SerialQueue } from '../concurrency/serial-queue.js';
import { ImageMemory } from '../parity/pack-image.js';

/** Memory that is kept although nobody uses it. */
const keptBytesMax = 8 * MIB;

/** Lends memory for one pack to one task after the other, and gives it back to the system when nobody waits: about 70 MiB while in use. */
export class ImageLane {
  private readonly queue = new SerialQueue();
  private memory: ImageMemory | undefined;
  private users = 0;

  async use<T>(task: (memory: ImageMemory) => Promise<T>): Promise<T> {
    this.users += 1;
    try {
      return await this.queue.run(() => {
        this.memory ??= new ImageMemory();
        return task(this.memory);
      });
    } finally {
      this.users -= 1;
      if (this.users === 0 && (this.memory?.heldBytes ?? 0) > keptBytesMax) this.memory = undefined;
    }
  }
}
