import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { seconds, type Clock, type Random } from '@lifeboat/model';
import { agentEvents, agentNamespace, Refusal, serverEvents, type Ack, type AgentEventName, type ServerEventName } from '@lifeboat/protocol';
import { ConnectionLost, ServerAnswerInvalid, ServerRefused, ServerUnreachable, WrongServerKey } from '../errors/agent-errors.js';
import { backoffMs } from './backoff.js';
import { prepareHandshake, type Credentials } from './handshake.js';
import { reasonOf, urlOf } from './rest-client.js';

const connectMsMax = seconds(20);
const ackMsMax = seconds(120);
/** A server that was never reached is not waited for as long as one that went away: the address may be wrong, and a person may be waiting. */
const firstContactMsMax = seconds(10);
/** A server that keeps saying "try again now" is believed this often. */
const triesNowMax = 10;

/** What a command that is connected for its own purpose says to the server's wishes: at once, so that the server need not wait. */
const notServed: Refusal = { ok: false, code: 'AGENT_NOT_SERVING', message: 'only a single command runs on this computer, not the agent itself', remedy: 'Start `lifeboat-agent run` there.', retry: 'later' };

export type RequestOf<E extends AgentEventName> = z.input<(typeof agentEvents)[E]['request']>;
export type ResultOf<E extends AgentEventName> = z.output<(typeof agentEvents)[E]['result']>;
type ServerRequest<E extends ServerEventName> = z.output<(typeof serverEvents)[E]['request']>;
type ServerResult<E extends ServerEventName> = z.input<(typeof serverEvents)[E]['result']>;

/** Asks the server for something and waits for its answer, across lost connections. The port that backup and restore are written against. */
export interface ControlChannel {
  /**
   * Every event is idempotent, so a request whose answer was lost is simply sent again.
   * @throws ServerRefused (the server's code), ServerUnreachable (SERVER_UNREACHABLE), WrongServerKey (WRONG_SERVER_KEY).
   */
  request<E extends AgentEventName>(event: E, payload: RequestOf<E>, signal?: AbortSignal): Promise<ResultOf<E>>;
}

export type ControlPorts = Readonly<{ clock: Clock; random: Random; unreachableMaxMs: number }>;

/** The control connection of an enrolled agent: connects when needed, proves both keys each time, and reconnects with growing pauses. */
export class ControlConnection implements ControlChannel {
  private socket: Socket | null = null;
  private hasConnected = false;
  private connecting: Promise<Socket> | null = null;
  private readonly handlers = new Map<ServerEventName, (payload: unknown) => Promise<Ack<unknown>>>();
  private readonly closing = new AbortController();

  constructor(
    private readonly credentials: Credentials,
    private readonly ports: ControlPorts,
  ) {}

  /** Answers a server event; a payload that does not parse is refused without being looked at. */
  handle<E extends ServerEventName>(event: E, answer: (request: ServerRequest<E>) => Promise<ServerResult<E>>): void {
    const schema = serverEvents[event].request as unknown as z.ZodType<ServerRequest<E>>;
    this.handlers.set(event, async (payload) => {
      const parsed = schema.safeParse(payload);
      if (!parsed.success) return { ok: false, code: 'REQUEST_INVALID', message: 'the agent does not understand this request', remedy: null, retry: 'never' };
      return { ok: true, result: await answer(parsed.data) };
    });
  }

  async request<E extends AgentEventName>(event: E, payload: RequestOf<E>, signal?: AbortSignal): Promise<ResultOf<E>> {
    const startedMs = this.ports.clock.monotonicMs();
    for (let attempt = 1; ; attempt += 1) {
      const lost = await this.tryRequest(event, payload, signal).then((result) => ({ result }), (error: unknown) => ({ error }));
      if ('result' in lost) return lost.result;
      signal?.throwIfAborted();
      if (!isWorthAnotherTry(lost.error, attempt) || this.closing.signal.aborted) throw lost.error;
      const waitMsMax = this.hasConnected ? this.ports.unreachableMaxMs : Math.min(this.ports.unreachableMaxMs, firstContactMsMax);
      if (this.ports.clock.monotonicMs() - startedMs > waitMsMax) throw this.asUnreachable(lost.error);
      await this.ports.clock.sleep(backoffMs(attempt, this.ports.random), signal);
    }
  }

  /** Stays connected until `signal` aborts, for a daemon that waits for jobs. `onState` hears of every change. */
  async stayConnected(signal: AbortSignal, onState: (state: 'connected' | 'disconnected', reason: string) => void): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    for (let attempt = 1; !isOver(); attempt += 1) {
      try {
        const socket = await this.connect(signal);
        attempt = 0;
        onState('connected', '');
        onState('disconnected', await untilDisconnected(socket, signal));
      } catch (error) {
        if (isOver()) return;
        if (error instanceof WrongServerKey || (error instanceof ServerRefused && error.retry === 'never')) throw error;
        onState('disconnected', reasonOf(error));
      }
      // An abort ends the pause and the loop; nothing else makes the clock reject.
      await this.ports.clock.sleep(backoffMs(attempt + 1, this.ports.random), signal).catch(() => undefined);
    }
  }

  close(): void {
    this.closing.abort();
    this.socket?.disconnect();
    this.socket = null;
  }

  private async tryRequest<E extends AgentEventName>(event: E, payload: RequestOf<E>, signal?: AbortSignal): Promise<ResultOf<E>> {
    const socket = await this.connect(signal);
    const answer = await emitWithAck(socket, { event, payload }, signal);
    const refusal = Refusal.safeParse(answer);
    if (refusal.success) throw new ServerRefused(refusal.data);
    const schema = z.object({ ok: z.literal(true), result: agentEvents[event].result as unknown as z.ZodType<ResultOf<E>> });
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new ServerAnswerInvalid({ request: event, reason: z.prettifyError(parsed.error).slice(0, 300) });
    return parsed.data.result;
  }

  private async connect(signal: AbortSignal = this.closing.signal): Promise<Socket> {
    if (this.socket?.connected) return this.socket;
    this.connecting ??= this.openSocket(AbortSignal.any([signal, this.closing.signal])).finally(() => { this.connecting = null; });
    return this.connecting;
  }

  private async openSocket(signal: AbortSignal): Promise<Socket> {
    this.socket?.disconnect();
    const auth = await prepareHandshake(this.credentials, signal);
    const socket = io(urlOf(this.credentials.serverUrl, agentNamespace.slice(1)).href, { transports: ['websocket'], reconnection: false, forceNew: true, auth, timeout: connectMsMax });
    for (const event of Object.keys(serverEvents) as ServerEventName[]) {
      const handler = this.handlers.get(event) ?? (() => Promise.resolve(notServed));
      socket.on(event, (payload: unknown, acknowledge: unknown) => {
        void handler(payload).then((answer) => { if (typeof acknowledge === 'function') (acknowledge as (answer: Ack<unknown>) => void)(answer); });
      });
    }
    await untilConnected(socket, this.credentials.serverUrl, signal);
    this.socket = socket;
    this.hasConnected = true;
    return socket;
  }

  private asUnreachable(error: unknown): unknown {
    return error instanceof ConnectionLost ? new ServerUnreachable({ serverUrl: this.credentials.serverUrl, reason: String(error.details['reason']) }, error) : error;
  }
}

/** A broken or restarting server comes back; a refusal stays, unless it asks for another try. */
function isWorthAnotherTry(error: unknown, attempt: number): boolean {
  if (error instanceof ConnectionLost || error instanceof ServerUnreachable) return true;
  return error instanceof ServerRefused && ((error.retry === 'now' && attempt < triesNowMax) || error.code === 'SERVER_STOPPING');
}

function untilConnected(socket: Socket, serverUrl: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      socket.disconnect();
      reject(error instanceof Error ? error : new ConnectionLost(String(error)));
    };
    socket.once('connect', () => { signal.removeEventListener('abort', onAbort); resolve(); });
    socket.once('connect_error', (error: Error & { data?: unknown }) => {
      signal.removeEventListener('abort', onAbort);
      const refusal = Refusal.safeParse(error.data);
      fail(refusal.success ? new ServerRefused(refusal.data) : new ServerUnreachable({ serverUrl, reason: reasonOf(error) }, error));
    });
    const onAbort = (): void => { fail(signal.reason); };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function untilDisconnected(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const done = (reason: string): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(reason);
    };
    const onAbort = (): void => { done('stopping'); };
    socket.once('disconnect', done);
    signal.addEventListener('abort', onAbort, { once: true });
    if (!socket.connected) done('closed');
  });
}

/** Emits and waits for the acknowledgement; a connection that ends first is ConnectionLost, so that nobody waits for the time-out. */
function emitWithAck(socket: Socket, message: Readonly<{ event: string; payload: unknown }>, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      socket.off('disconnect', onDisconnect);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onDisconnect = (reason: string): void => { end(() => { reject(new ConnectionLost(reason)); }); };
    const onAbort = (): void => { end(() => { reject(signal?.reason instanceof Error ? signal.reason : new ConnectionLost('stopped')); }); };
    socket.once('disconnect', onDisconnect);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.timeout(ackMsMax).emit(message.event, message.payload, (error: Error | null, answer: unknown) => {
      end(() => { if (error) reject(new ConnectionLost('no acknowledgement')); else resolve(answer); });
    });
  });
}
