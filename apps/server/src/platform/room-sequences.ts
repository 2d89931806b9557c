import { Injectable } from '@nestjs/common';

/** Counts the pushes of each dashboard room, so that a page can tell whether it missed one. Starts anew with the server, as pages do then. */
@Injectable()
export class RoomSequences {
  private readonly sequences = new Map<string, number>();

  /** Number of the room's last push; 0 before the first. */
  current(room: string): number {
    return this.sequences.get(room) ?? 0;
  }

  /** Number of the push that is about to be made. */
  next(room: string): number {
    const seq = this.current(room) + 1;
    this.sequences.set(room, seq);
    return seq;
  }
}
