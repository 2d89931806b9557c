import { WebSocket } from 'ws';
import { isLifeboatError, seconds } from '@lifeboat/model';
import { dataPlanePath, decodeFrame, frameBytesMax, type Frame } from '@lifeboat/protocol';
import { ConnectionLost, ServerAnswerInvalid } from '../errors/agent-errors.js';
import { reasonOf, urlOf } from './rest-client.js';

const openMsMax = seconds(20);
const pingMs = seconds(15);

/** An open data plane connection of one transfer. The port that the transfer logic is written against. */
export interface DataSocket {
  /** Hands a frame to the connection; order is kept. Does nothing when it is closed already. */
  send(frame: Uint8Array): void;
  close(): void;
}

export type DataSocketEvents = Readonly<{
  onFrame: (frame: Frame) => void;
  /** Called once, when the connection ended for whatever reason but {@link DataSocket.close}. */
  onClosed: (reason: ConnectionLost | ServerAnswerInvalid) => void;
}>;

/** Opens a data connection with a one-time ticket. */
export type OpenDataSocket = (ticket: string, events: DataSocketEvents) => Promise<DataSocket>;

/** Opens data connections to this server. Masking is left out where TLS or the loopback keeps proxies away: it costs more than it protects. */
export function dataSocketsOf(serverUrl: string): OpenDataSocket {
  const url = urlOf(serverUrl, dataPlanePath);
  const unmasked = url.protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return (ticket, events) => openDataSocket({ url, ticket, unmasked }, events);
}

function openDataSocket(target: Readonly<{ url: URL; ticket: string; unmasked: boolean }>, events: DataSocketEvents): Promise<DataSocket> {
  const socket = new WebSocket(target.url, {
    headers: { authorization: `Bearer ${target.ticket}` }, perMessageDeflate: false, maxPayload: frameBytesMax, handshakeTimeout: openMsMax,
    ...(target.unmasked ? { generateMask: (mask: Buffer) => { mask.fill(0); } } : {}),
  });
  socket.binaryType = 'nodebuffer';
  let closedByUs = false;
  return new Promise((resolve, reject) => {
    let opened = false;
    const end = once((reason: ConnectionLost | ServerAnswerInvalid) => {
      stopPinging();
      socket.terminate();
      if (!opened) reject(reason);
      else if (!closedByUs) events.onClosed(reason);
    });
    const stopPinging = keepAlive(socket, () => { end(new ConnectionLost('the server stopped answering')); });
    socket.on('open', () => {
      opened = true;
      resolve({
        send: (frame) => { if (socket.readyState === WebSocket.OPEN) socket.send(frame); },
        close: () => { closedByUs = true; stopPinging(); socket.close(1000); },
      });
    });
    socket.on('unexpected-response', (_request, response) => { end(new ConnectionLost(`HTTP ${String(response.statusCode)}`)); });
    socket.on('error', (error) => { end(new ConnectionLost(reasonOf(error))); });
    socket.on('close', (code) => { end(new ConnectionLost(`closed with ${String(code)}`)); });
    socket.on('message', (message: Buffer) => {
      try {
        events.onFrame(decodeFrame(message));
      } catch (error) {
        end(new ServerAnswerInvalid({ request: 'data', reason: isLifeboatError(error) ? String(error.details['reason'] ?? error.code) : reasonOf(error) }, error));
      }
    });
  });
}

/** Pings the other side; when nothing at all came back between two pings, it is gone although the network did not say so. */
function keepAlive(socket: WebSocket, onDead: () => void): () => void {
  let silentPings = 0;
  const hear = (): void => { silentPings = 0; };
  socket.on('pong', hear);
  socket.on('message', hear);
  const timer = setInterval(() => {
    silentPings += 1;
    if (silentPings > 3) onDead();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  return () => { clearInterval(timer); };
}

function once<T>(run: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (done) return;
    done = true;
    run(value);
  };
}
