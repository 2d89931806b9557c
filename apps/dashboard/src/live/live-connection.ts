import { DashboardChange, Watched, dashboardEvents, dashboardNamespace } from '@lifeboat/protocol';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { type PendingChange, addPush, classifyPush } from './merge-change.js';

/** Whether pushes arrive, and since when they do not. `idle`: nothing is watched yet. */
export type LiveStatus = Readonly<{ kind: 'idle' | 'live' } | { kind: 'paused'; sinceMs: number }>;

/** What a page does with the news of a room: draw a change, or fetch all of it again because something may have been missed. */
export type RoomHandlers = Readonly<{ onChange: (change: PendingChange) => void; onStale: () => void }>;

type Room = { handlers: Set<RoomHandlers>; lastSeq: number | null; pending: PendingChange | undefined; timer: ReturnType<typeof setTimeout> | undefined; drawnAtMs: number };

const WatchAnswer = z.object({ ok: z.literal(true), result: Watched });
/** A page is drawn anew at most this often, whatever the server sends. */
const drawEveryMs = 1000;
const retryTurnedAwayMs = 5000;

/**
 * The dashboard's one socket. Rooms are watched while a page needs them and left while the browser tab is hidden; after each reconnect and each
 * gap in a room's numbers its page fetches again, so that a missed push cannot leave an old picture behind.
 */
export class LiveConnection {
  private readonly socket: Socket = io(dashboardNamespace, { autoConnect: false, transports: ['websocket', 'polling'], reconnectionDelayMax: 10_000 });
  private readonly rooms = new Map<string, Room>();
  private readonly listeners = new Set<() => void>();
  private status: LiveStatus = { kind: 'idle' };
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.socket.on('connect', () => {
      this.setStatus({ kind: 'live' });
      for (const name of this.rooms.keys()) this.watch(name);
    });
    this.socket.on('disconnect', () => { this.pause(); });
    this.socket.on('connect_error', () => { this.pause(); });
    for (const end of ['disconnect', 'connect_error']) this.socket.on(end, () => { this.retryWhenTurnedAway(); });
    this.socket.on(dashboardEvents.change, (raw: unknown) => {
      const push = DashboardChange.safeParse(raw);
      if (push.success) this.receive(push.data);
      else for (const room of this.rooms.values()) this.markStale(room);
    });
    document.addEventListener('visibilitychange', () => { this.onVisibility(); });
  }

  readonly getStatus = (): LiveStatus => this.status;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Watches a room until the returned function is called. */
  join(name: string, handlers: RoomHandlers): () => void {
    const room = this.rooms.get(name) ?? { handlers: new Set(), lastSeq: null, pending: undefined, timer: undefined, drawnAtMs: 0 };
    room.handlers.add(handlers);
    if (!this.rooms.has(name)) {
      this.rooms.set(name, room);
      if (this.socket.connected) this.watch(name);
      else if (!document.hidden) this.socket.connect();
    }
    return () => {
      room.handlers.delete(handlers);
      if (room.handlers.size > 0) return;
      clearTimeout(room.timer);
      this.rooms.delete(name);
      if (this.socket.connected) this.socket.emit(dashboardEvents.unwatch, { room: name });
    };
  }

  /** Ends the connection, as after a logout. */
  stop(): void {
    clearTimeout(this.retryTimer);
    this.socket.disconnect();
    this.setStatus({ kind: 'idle' });
  }

  private watch(name: string): void {
    this.socket.timeout(10_000).emit(dashboardEvents.watch, { room: name }, (error: unknown, answer: unknown) => {
      const room = this.rooms.get(name);
      if (room === undefined || !this.socket.connected) return;
      const watched = WatchAnswer.safeParse(answer);
      if (error !== null && error !== undefined) { this.restart(); return; }
      room.lastSeq = watched.success ? watched.data.result.seq : null;
      this.markStale(room);
    });
  }

  private receive(push: DashboardChange): void {
    const room = this.rooms.get(push.room);
    if (room === undefined) return;
    const turn = room.lastSeq === null ? 'next' : classifyPush(room.lastSeq, push.seq);
    if (turn === 'old') return;
    room.lastSeq = push.seq;
    if (turn === 'gap') { this.markStale(room); return; }
    room.pending = addPush(room.pending, push);
    const waitMs = Math.max(0, room.drawnAtMs + drawEveryMs - Date.now());
    room.timer ??= setTimeout(() => { this.draw(room); }, waitMs);
  }

  private draw(room: Room): void {
    const change = room.pending;
    room.pending = undefined;
    room.timer = undefined;
    room.drawnAtMs = Date.now();
    if (change !== undefined) for (const handlers of room.handlers) handlers.onChange(change);
  }

  private markStale(room: Room): void {
    clearTimeout(room.timer);
    room.timer = undefined;
    room.pending = undefined;
    for (const handlers of room.handlers) handlers.onStale();
  }

  private onVisibility(): void {
    if (document.hidden) this.socket.disconnect();
    else if (this.rooms.size > 0) this.socket.connect();
  }

  /** A new connection watches every room again and fetches every page again. */
  private restart(): void {
    this.socket.disconnect();
    this.socket.connect();
  }

  /** socket.io gives up by itself when the server closed the door rather than the network; a restarted server opens it again. */
  private retryWhenTurnedAway(): void {
    if (this.socket.active || document.hidden || this.rooms.size === 0) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => { if (this.rooms.size > 0 && !document.hidden) this.socket.connect(); }, retryTurnedAwayMs);
  }

  private pause(): void {
    if (this.status.kind !== 'paused') this.setStatus({ kind: 'paused', sinceMs: Date.now() });
  }

  private setStatus(status: LiveStatus): void {
    this.status = status;
    for (const listener of this.listeners) listener();
  }
}
