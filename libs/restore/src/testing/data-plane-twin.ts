import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { endOf, type Digest, type MapEntry } from '@lifeboat/model';
import { compressChunk } from '@lifeboat/codec';
import { dataPlanePath, decodeFrame, encodeFrame, segmentBytesMax, type ReadFrame } from '@lifeboat/protocol';
import type { MemoryPoint } from './memory-point.js';

/** Faults that the twin injects. */
export type DataPlaneFaults = {
  /** These chunks cannot be read: the server says `unreadable` and counts them. */
  lost: Set<Digest>;
  /** These chunks arrive with another first byte. */
  falsified: Set<Digest>;
  /** The next connections are cut after so many frames each. */
  cutAfterFrames: number[];
  /** Sends a wrong kind for every run: another map than the manifest names. */
  wrongMap: boolean;
};

/**
 * A server of the data plane that hands out one {@link MemoryPoint}: tickets work once, frames obey the credit. For tests of the client side.
 */
export class DataPlaneTwin {
  readonly faults: DataPlaneFaults = { lost: new Set(), falsified: new Set(), cutAfterFrames: [], wrongMap: false };
  readonly creditBytes = 2 * 1024 * 1024;
  connections = 0;
  overdrawn = false;
  private readonly tickets = new Set<string>();
  private issued = 0;
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor(
    private readonly point: MemoryPoint,
    private readonly server: Server,
  ) {
    this.attach(server);
  }

  /** Listens on a free port of the loopback address. */
  static async start(point: MemoryPoint): Promise<DataPlaneTwin> {
    const server = createServer((_, response) => response.writeHead(404).end());
    const twin = new DataPlaneTwin(point, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return twin;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Serves the data plane on another server too, e.g. a twin of the REST interface. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket, head) => {
      const ticket = request.headers.authorization?.replace('Bearer ', '') ?? '';
      if (request.url !== dataPlanePath || !this.tickets.delete(ticket)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (webSocket) => { this.serve(webSocket); });
    });
  }

  issueTicket(): { ticket: string; creditBytes: number } {
    this.issued += 1;
    const ticket = `ticket-${String(this.issued)}`;
    this.tickets.add(ticket);
    return { ticket, creditBytes: this.creditBytes };
  }

  async close(): Promise<void> {
    for (const client of this.sockets.clients) client.terminate();
    this.server.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => setImmediate(resolve));
  }

  private serve(socket: WebSocket): void {
    this.connections += 1;
    let credit = this.creditBytes;
    let sent = 0;
    const sentMax = this.faults.cutAfterFrames.shift() ?? Number.MAX_SAFE_INTEGER;
    const waiting: Uint8Array[] = [];
    const pump = (): void => {
      for (let frame = waiting[0]; frame && credit > 0; frame = waiting[0]) {
        waiting.shift();
        credit -= frame.length;
        sent += 1;
        if (sent > sentMax) {
          socket.terminate();
          return;
        }
        socket.send(frame);
      }
    };
    socket.on('message', (message: Buffer) => {
      const frame = decodeFrame(message);
      if (frame.type === 'credit') credit += frame.creditBytes;
      if (frame.type === 'read') waiting.push(...this.answer(frame));
      if (credit > this.creditBytes) this.overdrawn = true;
      pump();
    });
  }

  private *answer(read: ReadFrame): Generator<Uint8Array> {
    let damagedBytes = 0;
    let batch: MapEntry[] = [];
    let batchBytes = 0;
    for (const entry of this.point.maps[read.volume] ?? []) {
      if (endOf(entry) <= read.offsetBytes || entry.offsetBytes >= read.offsetBytes + read.lengthBytes) continue;
      const lost = !read.mapOnly && entry.kind === 'data' && this.faults.lost.has(entry.digest);
      if (lost) damagedBytes += entry.lengthBytes;
      const sent = lost ? ({ kind: 'unreadable', offsetBytes: entry.offsetBytes, lengthBytes: entry.lengthBytes } as const) : this.falsify(entry);
      const lengthBytes = sent.kind === 'data' ? sent.lengthBytes : 0;
      if (batch.length >= 1000 || batchBytes + lengthBytes > segmentBytesMax) {
        yield this.encode(read, batch);
        batch = [];
        batchBytes = 0;
      }
      batch.push(sent);
      batchBytes += lengthBytes;
    }
    if (batch.length > 0) yield this.encode(read, batch);
    yield encodeFrame({ type: 'read-end', seq: read.seq, volume: read.volume, damagedBytes });
  }

  private falsify(entry: MapEntry): MapEntry {
    return this.faults.wrongMap && entry.kind === 'zero' ? { ...entry, kind: 'unallocated' } : entry;
  }

  private encode(read: ReadFrame, entries: readonly MapEntry[]): Uint8Array {
    if (read.mapOnly) return encodeFrame({ type: 'batch', seq: read.seq, volume: read.volume, entries, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0) });
    const parts = entries.flatMap((entry) => (entry.kind === 'data' ? [this.chunkOf(entry.digest)] : []));
    const plain = Buffer.concat(parts);
    const { codec, bytes } = compressChunk(plain);
    return encodeFrame({ type: 'batch', seq: read.seq, volume: read.volume, entries, codec, plainLengthBytes: plain.length, payload: bytes });
  }

  private chunkOf(digest: Digest): Uint8Array {
    const bytes = Uint8Array.from(this.point.chunks.get(digest) ?? []);
    if (this.faults.falsified.has(digest)) bytes[0] = (bytes[0] ?? 0) ^ 0xff;
    return bytes;
  }
}
