import WebSocket from 'ws';
import { decodeFrame, dataPlanePath, encodeFrame, frameBytesMax, type Frame } from '@lifeboat/protocol';
import { RestoreTicketRefused } from './restore-errors.js';

const openTimeoutMs = 15_000;

/** Receives what arrives on a data connection. After `closed` nothing follows; it is called exactly once. */
export type ConnectionEvents = Readonly<{
  frame: (frame: Frame, lengthBytes: number) => void;
  closed: (reason: string, cause?: unknown) => void;
}>;

/** One WebSocket of the data plane. */
export interface DataConnection {
  send(frame: Frame): void;
  close(): void;
}

/** The WebSocket address of the data plane of the server at `url` (http, https, ws or wss). */
export function dataPlaneUrl(url: string): string {
  const address = new URL(dataPlanePath, url);
  address.protocol = address.protocol === 'https:' || address.protocol === 'wss:' ? 'wss:' : 'ws:';
  return address.toString();
}

/**
 * Opens a data connection with a one-time ticket.
 *
 * @throws RestoreTicketRefused (RESTORE_TICKET_REFUSED) the server answered 4xx, or the socket's own error when it is unreachable.
 */
export function openDataConnection(url: string, ticket: string, events: ConnectionEvents): Promise<DataConnection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(dataPlaneUrl(url), {
      headers: { authorization: `Bearer ${ticket}` }, maxPayload: frameBytesMax, perMessageDeflate: false, handshakeTimeout: openTimeoutMs,
    });
    socket.binaryType = 'nodebuffer';
    let opened = false;
    let failure: unknown;
    socket.on('open', () => {
      opened = true;
      resolve({ send: (frame) => { socket.send(encodeFrame(frame)); }, close: () => { socket.close(1000); } });
    });
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      reject(new RestoreTicketRefused({ status: response.statusCode ?? 0 }));
    });
    socket.on('message', (message: Buffer, isBinary) => { receive(socket, events, { message, isBinary }); });
    socket.on('error', (error) => {
      failure = error;
      if (!opened) reject(error);
    });
    socket.on('close', (code, reason) => {
      if (opened) events.closed(reason.length > 0 ? reason.toString('utf8') : `closed with code ${String(code)}`, failure);
    });
  });
}

function receive(socket: WebSocket, events: ConnectionEvents, received: { message: Buffer; isBinary: boolean }): void {
  try {
    // A text message is decoded as a frame too and so fails by its magic.
    events.frame(decodeFrame(received.message), received.message.length);
  } catch (error) {
    socket.terminate();
    events.closed('the server sent an illegal frame', error);
  }
}
