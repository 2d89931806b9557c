import { digestOf, expand } from '@lifeboat/codec';
import {
  assertInvariant, ComputerName, endOf, JobId, MachineId, PageTreeBuilder, RestorePointId, RestorePointManifest, SessionId, type Digest, type MapEntry,
} from '@lifeboat/model';
import { agentEvents, decodeFrame, encodeFrame, initialCreditBytes, type AgentEventName, type BatchFrame, type FailFrame, type Frame, type SessionOpen } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { ControlChannel, RequestOf, ResultOf } from '../connection/control-connection.js';
import type { DataSocket, DataSocketEvents, OpenDataSocket } from '../connection/data-socket.js';
import { ConnectionLost, ServerRefused } from '../errors/agent-errors.js';

type Volume = { volumeId: string; lengthBytes: number; base: readonly MapEntry[]; entries: MapEntry[]; ended: boolean };
type Session = { sessionId: SessionId; open: z.output<typeof SessionOpen>; volumes: Volume[]; durableSeq: number; state: 'receiving' | 'committed' | 'aborted' };
type StoredPoint = { manifest: RestorePointManifest; maps: Map<string, { lengthBytes: number; entries: MapEntry[] }> };

/** What the twin shall do wrong, counted in frames it accepts. */
export type TwinFaults = {
  /** Chunks that are gone when the session is first committed, by volume and offset. */
  loseBeforeCommit?: readonly Readonly<{ volume: number; offsetBytes: number; lengthBytes: number }>[];
  dropAfterFrames?: number; failAfterFrames?: { frames: number; frame: Omit<FailFrame, 'type'> };
};

/**
 * A server in memory that keeps the promises of the protocol: sequence rule, digests, bases, roots, durable acknowledgements, parked sessions.
 * It speaks real frames; only the sockets are missing.
 */
export class ServerTwin {
  readonly chunks = new Map<Digest, Uint8Array>();
  readonly points: StoredPoint[] = [];
  readonly sessions = new Map<string, Session>();
  readonly received: { batches: number; chunkBytes: number; refBytes: number; connections: number } = { batches: 0, chunkBytes: 0, refBytes: 0, connections: 0 };
  readonly events: AgentEventName[] = [];
  faults: TwinFaults = {};
  private counter = 0;
  private readonly tickets = new Map<string, { session: Session; purpose: 'send' | 'read' }>();
  private acceptedFrames = 0;
  private nowMs = Date.parse('2026-01-01T00:00:00Z');

  readonly control: ControlChannel = { request: (event, payload) => this.answer(event, payload) };
  readonly openDataSocket: OpenDataSocket = (ticket, events) => this.connect(ticket, events);

  /** The bytes of a volume as the point describes them; what is not data reads as zeros. */
  readVolume(point: number, volumeId: string): Uint8Array {
    const map = this.points[point]?.maps.get(volumeId);
    assertInvariant(map !== undefined, 'the point has this volume', { volumeId });
    const bytes = new Uint8Array(map.lengthBytes);
    for (const entry of map.entries) {
      const chunk = entry.kind === 'data' ? this.chunks.get(entry.digest) : undefined;
      assertInvariant(entry.kind !== 'data' || chunk?.length === entry.lengthBytes, 'every chunk of a point is stored');
      if (chunk) bytes.set(chunk, entry.offsetBytes);
    }
    return bytes;
  }

  private async answer<E extends AgentEventName>(event: E, payload: RequestOf<E>): Promise<ResultOf<E>> {
    this.events.push(event);
    const request: unknown = agentEvents[event].request.parse(payload);
    const handlers: Record<AgentEventName, () => unknown> = {
      'session.open': () => this.open(request as z.output<typeof SessionOpen>),
      'session.attach': () => this.attach(this.sessionOf(request), 'send'),
      'session.commit': () => this.commit(this.sessionOf(request), (request as { draft: Record<string, unknown> }).draft),
      'session.abort': () => {
        this.sessionOf(request).state = 'aborted';
        return {};
      },
      'session.progress': () => ({}),
      'points.list': () => ({ points: this.points.map(({ manifest: m }) => ({ id: m.pointId, createdAt: new Date(m.createdAtMs).toISOString(), kind: m.kind, consistency: m.consistency, state: m.state, bytes: m.bytes })) }),
      'restore.open': () => refuse('POINT_MISSING'),
      'base-map.open': () => {
        const { ticket, creditBytes } = this.attach(this.sessionOf(request), 'read');
        return { ticket, creditBytes };
      },
      'job.report': () => ({}),
      'policy.get': () => refuse('NOT_HERE'),
    };
    await Promise.resolve();
    return agentEvents[event].result.parse(handlers[event]()) as ResultOf<E>;
  }

  private open(request: z.output<typeof SessionOpen>): unknown {
    const left = request.resumeSessionId === null ? undefined : this.sessions.get(request.resumeSessionId);
    if (request.resumeSessionId !== null && left?.state !== 'receiving') refuse('SESSION_UNKNOWN');
    const point = this.points.find((one) => one.manifest.pointId === request.basePointId);
    if (request.basePointId !== null && !point) refuse('POINT_MISSING');
    const bases = request.volumes.map(({ volumeId, lengthBytes }) => {
      const parked = left?.volumes.find((volume) => volume.volumeId === volumeId && volume.lengthBytes === lengthBytes)?.entries ?? [];
      const map = point?.maps.get(volumeId);
      const entries = map?.lengthBytes === lengthBytes ? map.entries : [];
      const resumedBytes = parked.length > 0 ? endOf(parked.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 }) : 0;
      const mixed = [...parked, ...entries.filter((entry) => entry.offsetBytes >= resumedBytes)];
      const kind = resumedBytes > 0 ? ('resumed' as const) : entries.length > 0 ? ('point' as const) : ('none' as const);
      const mapRoot = kind === 'point' ? rootOf(lengthBytes, entries) : null;
      return { entries: mixed, answer: { kind, pointId: entries.length > 0 ? request.basePointId : null, mapRoot, resumedBytes } };
    });
    const session: Session = {
      sessionId: SessionId.parse(this.newId()), open: request, durableSeq: 0, state: 'receiving',
      volumes: request.volumes.map((volume, index) => ({ ...volume, base: bases[index]?.entries ?? [], entries: [], ended: false })),
    };
    this.sessions.set(session.sessionId, session);
    return { sessionId: session.sessionId, jobId: request.jobId ?? JobId.parse(this.newId()), ...this.attach(session, 'send'), bases: bases.map((base) => base.answer) };
  }

  private attach(session: Session, purpose: 'send' | 'read'): { ticket: string; durableSeq: number; creditBytes: number } {
    const ticket = this.newId();
    this.tickets.set(ticket, { session, purpose });
    return { ticket, durableSeq: session.durableSeq, creditBytes: initialCreditBytes };
  }

  private commit(session: Session, draft: Record<string, unknown>): unknown {
    if (session.state !== 'receiving' || session.volumes.some((volume) => !volume.ended)) refuse('SESSION_INCOMPLETE');
    const needs = this.faults.loseBeforeCommit;
    if (needs) {
      delete this.faults.loseBeforeCommit;
      for (const need of needs) this.chunks.delete(this.entryAt(session, need).digest);
      return { needs };
    }
    this.nowMs += 1000;
    const manifest = RestorePointManifest.parse({
      ...draft, pointId: RestorePointId.parse(this.newId()), machineId: MachineId.parse('0'.repeat(32)), computerName: ComputerName.parse('twin'), createdAtMs: this.nowMs,
    });
    session.state = 'committed';
    this.points.push({ manifest, maps: new Map(session.volumes.map((volume) => [volume.volumeId, { lengthBytes: volume.lengthBytes, entries: volume.entries }])) });
    return { pointId: manifest.pointId, manifest };
  }

  private async connect(ticket: string, events: DataSocketEvents): Promise<DataSocket> {
    await Promise.resolve();
    const granted = this.tickets.get(ticket);
    if (!granted) throw new ConnectionLost('HTTP 401');
    this.tickets.delete(ticket);
    this.received.connections += 1;
    return new TwinConnection({ session: granted.session, onFrame: (frame) => { this.acceptFrame(granted.session, frame); }, faults: () => this.takeFault() }, events);
  }

  private takeFault(): 'drop' | Omit<FailFrame, 'type'> | null {
    const { dropAfterFrames, failAfterFrames } = this.faults;
    if (dropAfterFrames !== undefined && this.acceptedFrames >= dropAfterFrames) {
      delete this.faults.dropAfterFrames;
      return 'drop';
    }
    if (failAfterFrames && this.acceptedFrames >= failAfterFrames.frames) {
      delete this.faults.failAfterFrames;
      return failAfterFrames.frame;
    }
    return null;
  }

  private acceptFrame(session: Session, frame: Frame): void {
    assertInvariant(frame.type === 'batch' || frame.type === 'volume-end', 'an agent sends batches and volume ends', { type: frame.type });
    if (frame.seq <= session.durableSeq) return;
    assertInvariant(frame.seq === session.durableSeq + 1, 'frames come without gap', { seq: frame.seq, durableSeq: session.durableSeq });
    const volume = session.volumes[frame.volume];
    assertInvariant(volume !== undefined, 'frames belong to a volume');
    this.acceptedFrames += 1;
    session.durableSeq = frame.seq;
    if (volume.ended) this.acceptRefill(session, frame);
    else if (frame.type === 'batch') this.acceptBatch(volume, frame);
    else {
      assertInvariant(rootOf(volume.lengthBytes, volume.entries) === frame.mapRoot, 'both sides compute the same root');
      volume.ended = true;
    }
  }

  private acceptRefill(session: Session, frame: Frame & { seq: number }): void {
    assertInvariant(frame.type === 'batch' && frame.entries.length === 1, 'an ended volume takes single chunks');
    const [entry] = frame.entries;
    assertInvariant(entry?.kind === 'data' && this.entryAt(session, { volume: frame.volume, ...entry }).digest === entry.digest, 'a refill is what the map says');
    this.chunks.set(entry.digest, expand(frame.codec, frame.payload, frame.plainLengthBytes).slice());
  }

  private entryAt(session: Session, at: Readonly<{ volume: number; offsetBytes: number }>): MapEntry & { kind: 'data' } {
    const entry = session.volumes[at.volume]?.entries.find(({ offsetBytes }) => offsetBytes === at.offsetBytes);
    assertInvariant(entry?.kind === 'data', 'there is a chunk at this place');
    return entry;
  }

  private acceptBatch(volume: Volume, frame: BatchFrame): void {
    this.received.batches += 1;
    const plain = expand(frame.codec, frame.payload, frame.plainLengthBytes);
    let at = 0;
    for (const entry of frame.entries) {
      const last = volume.entries.at(-1);
      assertInvariant(entry.offsetBytes === (last ? endOf(last) : 0), 'a volume is sent from start to end');
      if (entry.kind === 'ref') {
        this.received.refBytes += entry.lengthBytes;
        volume.entries.push(...resolveReference(volume.base, entry));
        continue;
      }
      volume.entries.push(entry);
      if (entry.kind !== 'data') continue;
      const bytes = plain.slice(at, at + entry.lengthBytes);
      assertInvariant(digestOf(bytes) === entry.digest, 'a chunk has its digest');
      this.chunks.set(entry.digest, bytes);
      this.received.chunkBytes += bytes.length;
      at += entry.lengthBytes;
    }
  }

  private sessionOf(request: unknown): Session {
    const session = this.sessions.get((request as { sessionId: string }).sessionId);
    return session ?? refuse('SESSION_UNKNOWN');
  }

  private newId(): string {
    this.counter += 1;
    return this.counter.toString(16).padStart(32, '0');
  }
}

type ConnectionPorts = Readonly<{ session: Session; onFrame: (frame: Frame) => void; faults: () => 'drop' | Omit<FailFrame, 'type'> | null }>;

/** One data connection: frames are encoded and decoded as on the wire, and answered on a later turn of the event loop. */
class TwinConnection implements DataSocket {
  private isOpen = true;

  constructor(
    private readonly ports: ConnectionPorts,
    private readonly events: DataSocketEvents,
  ) {}

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    setImmediate(() => { this.receive(copy); });
  }

  close(): void {
    this.isOpen = false;
  }

  private receive(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    const frame = decodeFrame(bytes);
    if (frame.type === 'read') {
      this.answerRead(frame);
      return;
    }
    if (frame.type === 'credit') return;
    const fault = this.ports.faults();
    if (fault === 'drop') {
      this.isOpen = false;
      this.events.onClosed(new ConnectionLost('dropped by the test'));
      return;
    }
    if (fault) {
      this.tell({ type: 'fail', ...fault });
      return;
    }
    this.ports.onFrame(frame);
    this.tell({ type: 'ack', durableSeq: this.ports.session.durableSeq, creditBytes: bytes.length });
  }

  private answerRead(read: Frame & { type: 'read' }): void {
    const base = this.ports.session.volumes[read.volume]?.base ?? [];
    for (let at = 0; at < base.length; at += 1000) {
      this.tell({ type: 'batch', seq: read.seq, volume: read.volume, entries: base.slice(at, at + 1000), codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0) });
    }
    this.tell({ type: 'read-end', seq: read.seq, volume: read.volume, damagedBytes: 0 });
  }

  private tell(frame: Frame): void {
    const bytes = encodeFrame(frame);
    setImmediate(() => { if (this.isOpen) this.events.onFrame(decodeFrame(bytes)); });
  }
}

function resolveReference(base: readonly MapEntry[], range: Readonly<{ offsetBytes: number; lengthBytes: number }>): MapEntry[] {
  const found = base.filter((entry) => entry.offsetBytes < endOf(range) && endOf(entry) > range.offsetBytes);
  const [first, last] = [found[0], found.at(-1)];
  assertInvariant(first?.offsetBytes === range.offsetBytes && last !== undefined && endOf(last) === endOf(range), 'a reference names whole entries of the base');
  return found;
}

function rootOf(lengthBytes: number, entries: readonly MapEntry[]): Digest {
  const tree = new PageTreeBuilder(lengthBytes, digestOf, () => undefined);
  for (const entry of entries) tree.push(entry);
  return tree.finish();
}

function refuse(code: string): never {
  throw new ServerRefused({ code, message: 'refused by the twin', retry: 'never' });
}
