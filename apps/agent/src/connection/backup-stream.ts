import { seconds, type Clock, type Random, type SessionId } from '@lifeboat/model';
import { initialCreditBytes, type FailFrame, type Frame } from '@lifeboat/protocol';
import { ConnectionLost, ServerAnswerInvalid, ServerRefused, ServerUnreachable } from '../errors/agent-errors.js';
import { backoffMs } from './backoff.js';
import type { ControlChannel } from './control-connection.js';
import type { DataSocket, OpenDataSocket } from './data-socket.js';
import { SendWindow } from './send-window.js';

const laterMsMin = seconds(1);

/** What an open or attach of a session grants. */
export type Attachment = Readonly<{ ticket: string; durableSeq: number; creditBytes: number }>;

export type StreamPorts = Readonly<{
  control: ControlChannel; openDataSocket: OpenDataSocket; clock: Clock; random: Random;
  /** How long a server that does not answer, or that asks to come back later, is waited for. */
  unreachableMaxMs: number; parkedMaxMs: number;
  /** Told when the transfer waits and when it goes on, with a sentence for people. */
  onState: (sentence: string) => void;
}>;

type Ending = Readonly<{ kind: 'lost'; error: ConnectionLost | ServerAnswerInvalid }> | Readonly<{ kind: 'fail'; frame: FailFrame }> | Readonly<{ kind: 'closed' }>;

/**
 * The sending side of a backup session. Frames are kept until the server has them durably, and go out again after a lost connection or a
 * restart of the server; the run notices nothing but the wait.
 */
export class BackupStream {
  private readonly window: SendWindow;
  private socket: DataSocket | null = null;
  private failure: Error | null = null;
  private wakeUps: (() => void)[] = [];
  private endServe: ((ending: Ending) => void) | null = null;
  private nextSeq: number;
  private sent = 0;
  private readonly closing = new AbortController();

  /** @param first what opening the session granted; later connections are asked for with session.attach. */
  constructor(
    private readonly sessionId: SessionId,
    first: Attachment,
    private readonly ports: StreamPorts,
  ) {
    this.window = new SendWindow(first.creditBytes);
    this.nextSeq = first.durableSeq + 1;
    this.window.restart(first.durableSeq, first.creditBytes);
    this.keepConnected(first).catch((error: unknown) => { this.fail(error); });
  }

  /** Bytes of frames handed to the network so far, repeats included. */
  get sentBytes(): number {
    return this.sent;
  }

  get durableSeq(): number {
    return this.window.durableSeq;
  }

  /**
   * Sends a frame made for the next sequence number. Resolves when there is credit for more, so the caller stops reading until then.
   * @throws what ended the transfer for good: ServerRefused (the server's code), SERVER_UNREACHABLE, SERVER_ANSWER_INVALID; the signal's reason.
   */
  async send(encode: (seq: number) => Uint8Array, signal: AbortSignal): Promise<void> {
    this.window.push({ seq: this.nextSeq, bytes: encode(this.nextSeq) });
    this.nextSeq += 1;
    this.pump();
    await this.until(() => this.window.isAllSent && this.window.unacknowledgedBytes <= initialCreditBytes, signal);
  }

  /** Resolves when everything sent is durable on the server. Throws as {@link send}. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.until(() => this.window.unacknowledgedBytes === 0, signal);
  }

  close(): void {
    this.closing.abort();
    this.socket?.close();
    this.endServe?.({ kind: 'closed' });
  }

  private async until(isReached: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isReached()) {
      if (this.failure !== null) throw this.failure;
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.wakeUps.push(resolve);
        signal.addEventListener('abort', () => { resolve(); }, { once: true });
      });
    }
    if (this.failure !== null) throw this.failure;
  }

  private async keepConnected(first: Attachment): Promise<void> {
    let grant: Attachment | null = first;
    let waitingSinceMs = this.ports.clock.monotonicMs();
    for (let attempt = 1; ; attempt += 1) {
      const durableBefore = this.window.durableSeq;
      const ending = await this.attachAndServe(grant);
      grant = null;
      if (ending.kind === 'closed') return;
      if (this.window.durableSeq > durableBefore) {
        attempt = 1;
        waitingSinceMs = this.ports.clock.monotonicMs();
      }
      const waitedMs = this.ports.clock.monotonicMs() - waitingSinceMs;
      await this.ports.clock.sleep(this.pauseMs(ending, attempt, waitedMs), this.closing.signal);
    }
  }

  /** How long to wait before the next try; throws when there shall be none. */
  private pauseMs(ending: Exclude<Ending, { kind: 'closed' }>, attempt: number, waitedMs: number): number {
    if (ending.kind === 'lost') {
      if (ending.error instanceof ServerAnswerInvalid) throw ending.error;
      if (waitedMs > this.ports.unreachableMaxMs) throw new ServerUnreachable({ serverUrl: 'data plane', reason: String(ending.error.details['reason']) }, ending.error);
      this.ports.onState('The connection broke; trying again.');
      return backoffMs(attempt, this.ports.random);
    }
    const { frame } = ending;
    if (frame.retry === 'never' || waitedMs > this.ports.parkedMaxMs) throw new ServerRefused({ code: frame.code, message: frame.message, retry: frame.retry });
    this.ports.onState(`The server asks to wait: ${frame.message}`);
    return Math.max(frame.retryAfterMs, frame.retry === 'later' ? laterMsMin : backoffMs(attempt, this.ports.random));
  }

  private async attachAndServe(grant: Attachment | null): Promise<Ending> {
    try {
      const attachment = grant ?? (await this.ports.control.request('session.attach', { sessionId: this.sessionId }, this.closing.signal));
      // Those frames are gone here: only a run that reads the disk again can make up for a server whose disk lied about what it kept.
      if (attachment.durableSeq < this.window.durableSeq) return { kind: 'fail', frame: { type: 'fail', code: 'SESSION_ROLLED_BACK', message: 'the server lost acknowledged bytes of this backup; start it again', retry: 'never', retryAfterMs: 0 } };
      return await this.serve(attachment);
    } catch (error) {
      if (this.closing.signal.aborted) return { kind: 'closed' };
      if (error instanceof ConnectionLost || error instanceof ServerAnswerInvalid) return { kind: 'lost', error };
      if (error instanceof ServerRefused && error.retry !== 'never') {
        return { kind: 'fail', frame: { type: 'fail', code: error.code, message: error.message, retry: error.retry, retryAfterMs: 0 } };
      }
      throw error;
    }
  }

  private serve(attachment: Attachment): Promise<Ending> {
    return new Promise((resolve, reject) => {
      this.endServe = (ending) => {
        this.socket?.close();
        this.socket = null;
        this.endServe = null;
        resolve(ending);
      };
      const onClosed = (error: ConnectionLost | ServerAnswerInvalid): void => { this.endServe?.({ kind: 'lost', error }); };
      this.ports.openDataSocket(attachment.ticket, { onFrame: (frame) => { this.receive(frame); }, onClosed }).then((socket) => {
        if (this.closing.signal.aborted) {
          socket.close();
          resolve({ kind: 'closed' });
          return;
        }
        this.socket = socket;
        this.window.restart(attachment.durableSeq, attachment.creditBytes);
        this.pump();
        this.wake();
      }, reject);
    });
  }

  private receive(frame: Frame): void {
    if (frame.type === 'ack') this.window.acknowledge(frame.durableSeq, frame.creditBytes);
    else if (frame.type === 'fail') this.endServe?.({ kind: 'fail', frame });
    else this.endServe?.({ kind: 'lost', error: new ServerAnswerInvalid({ request: 'data', reason: `unexpected ${frame.type}` }) });
    this.pump();
    this.wake();
  }

  private pump(): void {
    if (!this.socket) return;
    for (let frame = this.window.takeSendable(); frame; frame = this.window.takeSendable()) {
      this.sent += frame.bytes.length;
      this.socket.send(frame.bytes);
    }
  }

  private fail(error: unknown): void {
    this.failure = error instanceof Error ? error : new ConnectionLost(String(error));
    this.wake();
  }

  private wake(): void {
    const waiting = this.wakeUps;
    this.wakeUps = [];
    for (const resolve of waiting) resolve();
  }
}
