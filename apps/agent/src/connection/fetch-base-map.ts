import { MIB, type MapEntry } from '@lifeboat/model';
import { encodeFrame, type Frame } from '@lifeboat/protocol';
import { ConnectionLost, ServerAnswerInvalid, ServerRefused } from '../errors/agent-errors.js';
import type { DataSocket, OpenDataSocket } from './data-socket.js';

/** Credit is given back in pieces of this size rather than frame by frame. */
const creditStepBytes = MIB;

export type MapRequest = Readonly<{ ticket: string; volume: number; lengthBytes: number }>;

/**
 * Reads the entries of one base map from the server, in order, without any chunk bytes. One connection per volume; the caller writes what it
 * gets to disk, and credit keeps the server from running ahead of it.
 *
 * @throws ConnectionLost (CONNECTION_LOST), ServerRefused (the server's code), ServerAnswerInvalid (SERVER_ANSWER_INVALID).
 */
export async function* fetchBaseMap(openDataSocket: OpenDataSocket, request: MapRequest, signal: AbortSignal): AsyncGenerator<readonly MapEntry[]> {
  const inbox = new Inbox();
  const socket = await openDataSocket(request.ticket, { onFrame: (frame) => { inbox.put(frame); }, onClosed: (error) => { inbox.fail(error); } });
  const onAbort = (): void => { inbox.fail(signal.reason); };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    socket.send(encodeFrame({ type: 'read', seq: 1, volume: request.volume, offsetBytes: 0, lengthBytes: request.lengthBytes, mapOnly: true }));
    yield* readAnswer(inbox, socket);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.close();
  }
}

async function* readAnswer(inbox: Inbox, socket: DataSocket): AsyncGenerator<readonly MapEntry[]> {
  let owedBytes = 0;
  for (;;) {
    const frame = await inbox.take();
    if (frame.type === 'read-end') return;
    if (frame.type === 'fail') throw frame.retry === 'never' ? new ServerRefused(frame) : new ConnectionLost(frame.message);
    if (frame.type !== 'batch') throw new ServerAnswerInvalid({ request: 'base map', reason: `unexpected ${frame.type}` });
    yield frame.entries.map(asMapEntry);
    owedBytes += encodedBytes(frame);
    if (owedBytes >= creditStepBytes) {
      socket.send(encodeFrame({ type: 'credit', creditBytes: owedBytes }));
      owedBytes = 0;
    }
  }
}

const encodedBytes = (frame: Frame & { type: 'batch' }): number => 32 + frame.entries.length * 48 + frame.payload.length;

function asMapEntry(entry: (Frame & { type: 'batch' })['entries'][number]): MapEntry {
  if (entry.kind === 'ref') throw new ServerAnswerInvalid({ request: 'base map', reason: 'a reference in an answer' });
  return entry;
}

/** Frames that arrived and wait for their turn; the server's credit bounds them. */
class Inbox {
  private readonly frames: Frame[] = [];
  private failure: { error: unknown } | null = null;
  private wake: (() => void) | null = null;

  put(frame: Frame): void {
    this.frames.push(frame);
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure = { error };
    this.wake?.();
  }

  async take(): Promise<Frame> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame) return frame;
      if (this.failure) throw this.failure.error;
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
  }
}
