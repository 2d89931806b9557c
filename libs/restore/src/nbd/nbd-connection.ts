import type { Duplex } from 'node:stream';
import { assertInvariant, MIB, type Extent } from '@lifeboat/model';
import { answerSimple, answerStructured, answerUnfragmented } from './answer-read.js';
import { Budget } from './budget.js';
import { ByteInput } from './byte-input.js';
import { negotiate, type Agreement } from './handshake.js';
import { NbdClientInvalid } from './nbd-errors.js';
import type { NbdExport } from './nbd-export.js';
import { blockState, command, commandFlag, nbdError, payloadBytesMax, pieceBytesMax, type NbdError } from './nbd-protocol.js';
import { blockStatusChunk, errorChunk, ReplySender, simpleReply } from './reply-sender.js';
import { decodeRequest, refusalOf, requestHeaderBytes, requestPayloadBytes, type NbdRequest } from './request.js';

/** Requests of one client that are worked on at a time, and the bytes of their answers; the client's next ones stay in its socket. */
const underWay = { countMax: 64, bytesMax: 16 * MIB };
/** Runs in one answer about block status; the client asks again for the rest. */
const statusRunsMax = 2048;
/** Of a request to cache, this much is fetched. */
const cacheBytesMax = 16 * MIB;

export type ConnectionPorts = Readonly<{
  exports: readonly NbdExport[];
  handshakeMs: number;
  stallMs: number;
  /** A read failed although its bytes are not lost, e.g. because the server cannot be reached; the client got EIO. */
  onError: (error: unknown) => void;
}>;

/**
 * Serves one client from its first byte to its last: handshake, then requests as they come, several at a time, answers in any order.
 * Resolves when the connection is over; a client that breaks the protocol, stalls or haggles too long is cut off.
 */
export async function serveConnection(socket: Duplex, ports: ConnectionPorts): Promise<void> {
  const input = new ByteInput(socket);
  const patience = setTimeout(() => { socket.destroy(); }, ports.handshakeMs);
  try {
    const agreement = await negotiate({ input, write: (bytes) => { socket.write(bytes); }, exports: ports.exports });
    clearTimeout(patience);
    if (agreement) await new Transmission(socket, input, { ...ports, agreement }).run();
    await finish(socket, ports.stallMs);
  } catch (error) {
    socket.destroy();
    if (!(error instanceof NbdClientInvalid)) ports.onError(error);
  } finally {
    clearTimeout(patience);
  }
}

/** Lets the peer have what was sent, then closes both directions. */
function finish(socket: Duplex, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => { socket.destroy(); }, stallMs);
    socket.once('close', () => {
      clearTimeout(patience);
      resolve();
    });
    if (socket.closed) {
      clearTimeout(patience);
      resolve();
    } else socket.end(() => { socket.destroy(); });
  });
}

class Transmission {
  private readonly budget = new Budget(underWay);
  private readonly sender: ReplySender;
  private readonly limits: Parameters<typeof refusalOf>[1];

  constructor(
    private readonly socket: Duplex,
    private readonly input: ByteInput,
    private readonly ports: ConnectionPorts & Readonly<{ agreement: Agreement }>,
  ) {
    const { structured, allocation, export: offered } = ports.agreement;
    this.sender = new ReplySender(socket, ports.stallMs);
    this.limits = { sizeBytes: offered.image.sizeBytes, structured, allocation };
  }

  /** Takes requests until the client disconnects; then waits for the answers under way. */
  async run(): Promise<void> {
    for (;;) {
      const header = await this.input.take(requestHeaderBytes, true);
      const request = header && decodeRequest(header);
      if (!request || request.type === command.disconnect) break;
      const payloadBytes = requestPayloadBytes(request);
      if (payloadBytes > payloadBytesMax) throw new NbdClientInvalid('payload too long');
      await this.input.skip(payloadBytes);
      await this.begin(request);
    }
    await this.budget.settled();
  }

  private async begin(request: NbdRequest): Promise<void> {
    const bytes = Math.min(request.lengthBytes, pieceBytesMax);
    await this.budget.acquire(bytes);
    this.answer(request)
      .catch((error: unknown) => this.failed(request, error))
      .finally(() => { this.budget.release(bytes); });
  }

  private async answer(request: NbdRequest): Promise<void> {
    const refusal = refusalOf(request, this.limits);
    if (refusal !== null) return this.refuse(request, refusal);
    const range = { offsetBytes: request.offsetBytes ?? 0, lengthBytes: request.lengthBytes };
    switch (request.type) {
      case command.read:
        return this.read(request, range);
      case command.blockStatus:
        return this.blockStatus(request, range);
      case command.cache:
        await this.cache(range);
        return this.sender.send([simpleReply(request.cookie, 0)]);
      default:
        assertInvariant(request.type === command.flush, 'every other command was refused', { type: request.type });
        // Nothing can be written, so everything is on stable storage.
        return this.sender.send([simpleReply(request.cookie, 0)]);
    }
  }

  private read(request: NbdRequest, range: Extent): Promise<void> {
    const read = { image: this.ports.agreement.export.image, cookie: request.cookie, range, sender: this.sender };
    if (!this.ports.agreement.structured) return answerSimple(read);
    return (request.flags & commandFlag.dontFragment) === 0 ? answerStructured(read) : answerUnfragmented(read);
  }

  /** Zeros that were backed up are allocated zeros; what the filesystem did not use is a hole. */
  private async blockStatus({ cookie, flags }: NbdRequest, range: Extent): Promise<void> {
    const runs: { lengthBytes: number; state: number }[] = [];
    const runsMax = (flags & commandFlag.requestOne) === 0 ? statusRunsMax : 1;
    for await (const { lengthBytes, state } of this.ports.agreement.export.image.readStatus(range)) {
      runs.push({ lengthBytes, state: state === 'data' ? 0 : blockState.zero | (state === 'hole' ? blockState.hole : 0) });
      if (runs.length === runsMax) break;
    }
    await this.sender.send([blockStatusChunk(cookie, runs)]);
  }

  private async cache(range: Extent): Promise<void> {
    for (let done = 0; done < Math.min(range.lengthBytes, cacheBytesMax); done += pieceBytesMax) {
      await this.ports.agreement.export.image.readRuns({ offsetBytes: range.offsetBytes + done, lengthBytes: Math.min(pieceBytesMax, range.lengthBytes - done) });
    }
  }

  private refuse({ type, cookie }: NbdRequest, error: NbdError): Promise<void> {
    const isStructured = this.limits.structured && (type === command.read || type === command.blockStatus);
    return this.sender.send([isStructured ? errorChunk(cookie, error) : simpleReply(cookie, error)]);
  }

  /** The source could not be asked: EIO, as long as that can still be said. */
  private async failed(request: NbdRequest, error: unknown): Promise<void> {
    if (error instanceof NbdClientInvalid) {
      this.socket.destroy();
      return;
    }
    this.ports.onError(error);
    try {
      await this.refuse(request, nbdError.io);
    } catch (gone) {
      // Nobody is left to be told.
      assertInvariant(gone instanceof NbdClientInvalid, 'sending fails for lost clients only');
      this.socket.destroy();
    }
  }
}
