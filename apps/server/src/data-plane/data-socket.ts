import { encodeFrame, type FailFrame, type Frame } from '@lifeboat/protocol';
import { WebSocket } from 'ws';
import { refusalOf } from '../http/refusal.js';

/** How long an agent waits before it attaches again after `later`. */
const laterMs = 30_000;
const stoppingLaterMs = 3_000;

/** WebSocket close codes: 1000 done, 1008 the other side broke the protocol, 1013 come back later. */
const closeCodes = { never: 1008, now: 1013, later: 1013 } as const;

/** The frame that tells the other side why a transfer ends; carries no details and no payload. */
export function failFrameOf(error: unknown): FailFrame {
  const { refusal } = refusalOf(error);
  const retryAfterMs = refusal.retry === 'later' ? (refusal.code === 'SERVER_STOPPING' ? stoppingLaterMs : laterMs) : 0;
  return { type: 'fail', code: refusal.code, message: refusal.message, retry: refusal.retry, retryAfterMs };
}

/** Sends a frame when the socket is open. Resolves once it was handed to the system; never rejects: a lost peer shows as `close`. */
export function sendFrame(socket: WebSocket, frame: Frame): Promise<number> {
  const bytes = encodeFrame(frame);
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(bytes, () => { resolve(bytes.length); });
    else resolve(bytes.length);
  });
}

/** Says why and closes. */
export async function failAndClose(socket: WebSocket, error: unknown): Promise<void> {
  const frame = failFrameOf(error);
  await sendFrame(socket, frame);
  socket.close(closeCodes[frame.retry], frame.code);
}
