import { createConnection, type Socket } from 'node:net';
import { seconds } from '@lifeboat/model';
import { GuestControlLost } from '../errors.js';

/** Longest line a QEMU may send; a guest's names can end up in them. */
const lineBytesMax = 1024 * 1024;
const answerMsMax = seconds(15);
/** Events remembered; a guest that reboots for ever causes many. */
const eventsMax = 1000;

export type QmpEvent = Readonly<{ name: string; data: Readonly<Record<string, unknown>>; atMs: number }>;
type Waiting = Readonly<{ resolve: (value: unknown) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }>;

/**
 * The control connection of one QEMU: JSON lines over a unix socket.
 * @see QEMU docs/interop/qmp-spec.rst
 */
export class QmpClient {
  readonly events: QmpEvent[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private text = '';
  private lastId = 0;
  private lost: GuestControlLost | undefined;

  private constructor(private readonly socket: Socket, private readonly nowMs: () => number) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => { this.receive(text); });
    socket.on('error', () => { this.lose('the connection broke'); });
    socket.on('close', () => { this.lose('QEMU closed the connection'); });
  }

  /** Connects and takes the handshake. @throws GuestControlLost (GUEST_CONTROL_LOST). */
  static async connect(path: string, nowMs: () => number): Promise<QmpClient> {
    const socket = createConnection(path);
    const client = new QmpClient(socket, nowMs);
    await client.ask('qmp_capabilities');
    return client;
  }

  /** Runs a command and gives its `return`. @throws GuestControlLost (GUEST_CONTROL_LOST) also when QEMU refuses it. */
  ask(execute: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.lost) return Promise.reject(this.lost);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new GuestControlLost({ command: execute, reason: 'no answer' }));
      }, answerMsMax);
      this.waiting.set(id, { resolve, reject, timer });
      this.socket.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    this.text += text;
    for (let end = this.text.indexOf('\n'); end >= 0; end = this.text.indexOf('\n')) {
      this.take(this.text.slice(0, end));
      this.text = this.text.slice(end + 1);
    }
    if (this.text.length <= lineBytesMax) return;
    this.lose('QEMU sent a line without end');
    this.socket.destroy();
  }

  private take(line: string): void {
    const message = parseObject(line);
    if (typeof message['event'] === 'string') {
      if (this.events.length < eventsMax) this.events.push({ name: message['event'], data: objectOf(message['data']), atMs: this.nowMs() });
      return;
    }
    const id = message['id'];
    const waiting = typeof id === 'number' ? this.waiting.get(id) : undefined;
    if (typeof id !== 'number' || !waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
    if ('return' in message) waiting.resolve(message['return']);
    else {
      const desc = objectOf(message['error'])['desc'];
      waiting.reject(new GuestControlLost({ reason: typeof desc === 'string' ? desc : 'refused' }));
    }
  }

  private lose(reason: string): void {
    this.lost ??= new GuestControlLost({ reason });
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(this.lost);
    }
    this.waiting.clear();
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    // A line that is no JSON is nobody's answer; the command it should have answered runs into its time limit.
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
