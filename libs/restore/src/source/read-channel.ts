import { MIB, type Extent } from '@lifeboat/model';
import type { BatchFrame, FailFrame, Frame } from '@lifeboat/protocol';
import { openDataConnection, type DataConnection } from './data-connection.js';
import { RestoreAnswerInvalid, RestoreConnectionLost, RestoreTicketRefused, RestoreTransferFailed } from './restore-errors.js';

/** What opens a data connection: works once. */
export type RestoreTicket = Readonly<{ ticket: string; creditBytes: number }>;

export type ReadQuestion = Readonly<{ volume: number; range: Extent; mapOnly: boolean }>;

/** The complete answer to one question. */
export type ReadAnswer = Readonly<{ batches: readonly BatchFrame[]; damagedBytes: number }>;

export type ReadChannelOptions = Readonly<{
  url: string;
  first: RestoreTicket;
  /** Asks for a new ticket after the connection broke; rejects when the point may not be read any more. */
  renewTicket: (signal: AbortSignal) => Promise<RestoreTicket>;
  /** Waits between attempts, so that a restarting server is not hammered. */
  sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}>;

type Pending = {
  readonly seq: number;
  readonly question: ReadQuestion;
  batches: BatchFrame[];
  frameBytes: number;
  readonly resolve: (answer: ReadAnswer) => void;
  readonly reject: (error: Error) => void;
};

/** Attempts without a single answer in between; with the pauses below they last about four minutes. */
const attemptsMax = 12;
const pauseMaxMs = 30_000;
/** No honest answer is longer, since questions are kept small; bounds memory whatever the server sends. */
const answerFrameBytesMax = 64 * MIB;
const creditStepBytes = MIB;
/** Questions on their way at a time; the server hangs up on readers with more than 64. The others wait here. */
const questionsOpenMax = 32;

/**
 * Asks questions over the data plane and matches the answers, which come in the order of the questions. When the connection breaks it is opened
 * again with a new ticket and every unanswered question is asked anew from its beginning, so that a server restart only costs time.
 *
 * Credit is given back as frames arrive: what is in memory is bounded by the questions that are open at a time, which the caller keeps few and small.
 */
export class ReadChannel {
  private connection: DataConnection | undefined;
  /** In the order of their numbers; the first `sentCount` are on their way. */
  private readonly pending: Pending[] = [];
  private sentCount = 0;
  private nextSeq = 1;
  private owedBytes = 0;
  private creditBytes: number;
  private attempts = 0;
  private lastFailure: FailFrame | undefined;
  private ended: { error: Error } | undefined;

  private constructor(private readonly options: ReadChannelOptions) {
    this.creditBytes = options.first.creditBytes;
  }

  /** Opens the first connection. @throws RestoreTicketRefused, RestoreConnectionLost (RESTORE_CONNECTION_LOST). */
  static async open(options: ReadChannelOptions): Promise<ReadChannel> {
    const channel = new ReadChannel(options);
    options.signal.throwIfAborted();
    options.signal.addEventListener('abort', () => { channel.end(options.signal.reason as Error); }, { once: true });
    await channel.connect(options.first);
    return channel;
  }

  /** Resolves with the whole answer. The caller keeps the answer well under 64 MiB. */
  ask(question: ReadQuestion): Promise<ReadAnswer> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended.error);
        return;
      }
      const pending: Pending = { seq: this.nextSeq, question, batches: [], frameBytes: 0, resolve, reject };
      this.nextSeq += 1;
      this.pending.push(pending);
      this.sendMore();
    });
  }

  /** Closes the connection; open questions are rejected. */
  close(): void {
    this.end(new RestoreConnectionLost({ url: this.options.url, reason: 'closed by this side', attempts: 0 }));
  }

  private async connect(ticket: RestoreTicket): Promise<void> {
    const { url } = this.options;
    this.creditBytes = ticket.creditBytes;
    this.owedBytes = 0;
    try {
      const connection = await openDataConnection(url, ticket.ticket, {
        frame: (frame, lengthBytes) => { this.receive(frame, lengthBytes); },
        closed: (reason, cause) => {
          this.connection = undefined;
          if (!this.ended) void this.reconnect(reason, cause);
        },
      });
      if (this.ended) {
        connection.close();
        return;
      }
      this.connection = connection;
    } catch (error) {
      if (error instanceof RestoreTicketRefused) throw error;
      throw new RestoreConnectionLost({ url, reason: error instanceof Error ? error.message : 'unknown', attempts: this.attempts + 1 }, error);
    }
    for (const pending of this.pending) {
      pending.batches = [];
      pending.frameBytes = 0;
    }
    this.sentCount = 0;
    this.sendMore();
  }

  private sendMore(): void {
    for (let next = this.pending[this.sentCount]; this.connection && next && this.sentCount < questionsOpenMax; next = this.pending[this.sentCount]) {
      sendQuestion(this.connection, next);
      this.sentCount += 1;
    }
  }

  private async reconnect(reason: string, cause: unknown): Promise<void> {
    let lastError = cause;
    while (this.attempts < attemptsMax && !this.isEnded()) {
      this.attempts += 1;
      try {
        if (this.attempts > 1) await this.options.sleep(Math.min(pauseMaxMs, 250 * 2 ** this.attempts), this.options.signal);
        await this.connect(await this.options.renewTicket(this.options.signal));
        return;
      } catch (error) {
        lastError = error;
      }
    }
    const said = this.lastFailure;
    if (said) this.end(new RestoreTransferFailed({ serverCode: said.code, serverMessage: said.message }, said.retry, lastError));
    else this.end(new RestoreConnectionLost({ url: this.options.url, reason, attempts: this.attempts }, lastError));
  }

  private receive(frame: Frame, lengthBytes: number): void {
    if (frame.type === 'fail') {
      this.failed(frame);
      return;
    }
    const current = this.pending[0];
    const broken = current ? ruleBroken(frame, current, lengthBytes) : 'nothing was asked';
    if (!current || broken) {
      this.end(new RestoreAnswerInvalid(broken ?? ''));
      return;
    }
    this.owedBytes += lengthBytes;
    current.frameBytes += lengthBytes;
    if (frame.type === 'batch') current.batches.push(frame);
    if (frame.type === 'read-end') {
      this.attempts = 0;
      this.lastFailure = undefined;
      this.pending.shift();
      this.sentCount -= 1;
      this.sendMore();
      current.resolve({ batches: current.batches, damagedBytes: frame.damagedBytes });
    }
    this.giveCredit();
  }

  private giveCredit(): void {
    if (this.owedBytes < Math.min(creditStepBytes, this.creditBytes / 4) || !this.connection) return;
    this.connection.send({ type: 'credit', creditBytes: this.owedBytes });
    this.owedBytes = 0;
  }

  private failed(frame: FailFrame): void {
    this.lastFailure = frame;
    // After `now` and `later` the server closes the socket and a new ticket continues; `never` is final.
    if (frame.retry === 'never') this.end(new RestoreTransferFailed({ serverCode: frame.code, serverMessage: frame.message }, frame.retry));
    else this.connection?.close();
  }

  private isEnded(): boolean {
    return this.ended !== undefined;
  }

  private end(error: Error): void {
    if (this.ended) return;
    this.ended = { error };
    this.connection?.close();
    this.connection = undefined;
    for (const pending of this.pending.splice(0)) pending.reject(error);
  }
}

function ruleBroken(frame: Exclude<Frame, FailFrame>, current: Pending, lengthBytes: number): string | null {
  if (frame.type !== 'batch' && frame.type !== 'read-end') return 'a frame that answers nothing';
  if (frame.volume !== current.question.volume) return 'an answer about another volume';
  if (frame.type === 'read-end' && frame.seq !== current.seq) return 'an answer to another question';
  return current.frameBytes + lengthBytes > answerFrameBytesMax ? 'more bytes than were asked for' : null;
}

function sendQuestion(connection: DataConnection, pending: Pending): void {
  const { volume, range, mapOnly } = pending.question;
  connection.send({ type: 'read', seq: pending.seq, volume, offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes, mapOnly });
}
