import { UserError } from '@lifeboat/model';
import type { Refusal } from '@lifeboat/protocol';
import type { Socket } from 'socket.io';
import { refusalOf } from './refusal.js';

/** The other side emitted an event that this server does not have. */
export class EventUnknown extends UserError {
  readonly code = 'EVENT_UNKNOWN';
  constructor() {
    super('the server does not know this event', { remedy: 'Upgrade the server, or use an agent of the same version.' });
  }
}

/** Answers every event that has no handler, so that nobody waits for an acknowledgement that never comes. */
export function refuseUnknownEvents(socket: Socket, known: ReadonlySet<string>): void {
  socket.onAny((event: string, ...args: unknown[]) => {
    const acknowledge = args.at(-1);
    if (!known.has(event) && typeof acknowledge === 'function') (acknowledge as (answer: unknown) => void)(refusalOf(new EventUnknown()).refusal);
  });
}

/** A refused handshake as socket.io hands it to the client: `connect_error` with the refusal in `data`. */
export class HandshakeError extends Error {
  readonly data: Refusal;
  constructor(cause: unknown) {
    const { refusal } = refusalOf(cause);
    super(refusal.message, { cause });
    this.data = refusal;
  }
}
