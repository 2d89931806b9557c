import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { MachineId, type PublicKey } from '@lifeboat/model';
import { agentNamespace, challengeText, dataPlanePath, decodeFrame, encodeFrame, protocolVersions, type AgentEventName, type Frame, type ProtocolRange, type Refusal } from '@lifeboat/protocol';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { rawPublicKey } from '../config/server-key.js';
import type { Answer, TemporaryServer } from './temporary-server.js';

type Auth = Readonly<Record<string, unknown>>;

/** An agent made of nothing but the protocol: real sockets, no backup engine. */
export class SampleAgent {
  readonly publicKey: PublicKey;
  machineId: MachineId | undefined;
  socket: Socket | undefined;
  private readonly privateKey: KeyObject;

  constructor(
    private readonly server: TemporaryServer,
    readonly name: string,
  ) {
    const pair = generateKeyPairSync('ed25519');
    this.privateKey = pair.privateKey;
    this.publicKey = rawPublicKey(pair.publicKey);
  }

  /** Asks to enrol and keeps the machine id when it got one. */
  async enrol(token: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const answer = await this.server.request('POST', '/api/v1/enrolments', {
      token, name: this.name, publicKey: this.publicKey, protocol: protocolVersions,
      facts: { hostname: this.name.slice(0, 60), platform: 'linux', release: '6.1', agentVersion: '0.1.0', diskSerials: [], macAddresses: [] }, ...overrides,
    }, {});
    const machineId = MachineId.safeParse(answer.body?.['machineId']);
    if (machineId.success) this.machineId = machineId.data;
    return answer;
  }

  /** The `auth` of a handshake, signed with this agent's key. */
  async handshake(protocol: ProtocolRange = protocolVersions): Promise<Auth> {
    const machineId = this.machineId ?? '0'.repeat(32);
    const clientNonce = 'n'.repeat(32);
    const { body } = await this.server.request('POST', '/api/v1/challenges', { machineId, clientNonce, protocol: protocolVersions }, {});
    const nonce = String(body?.['nonce']);
    const signature = sign(null, Buffer.from(challengeText({ by: 'agent', machineId, clientNonce, nonce })), this.privateKey).toString('base64');
    return { machineId, nonce, signature, protocol, agentVersion: '0.1.0' };
  }

  /** Connects; resolves with null, or with the refusal. */
  async connect(auth?: Auth): Promise<Refusal | null> {
    const socket = io(`${this.server.url}${agentNamespace}`, { transports: ['websocket'], reconnection: false, forceNew: true, auth: auth ?? (await this.handshake()) });
    return new Promise((resolve) => {
      socket.on('connect', () => {
        this.socket = socket;
        resolve(null);
      });
      socket.on('connect_error', (error: Error & { data?: unknown }) => {
        socket.close();
        resolve((error.data ?? { ok: false, code: error.message }) as Refusal);
      });
    });
  }

  /** Emits an event and returns its acknowledgement as it came. */
  async emit(event: AgentEventName | (string & {}), payload?: unknown): Promise<Readonly<{ ok: boolean; code?: string; result?: Record<string, unknown> } & Record<string, unknown>>> {
    if (!this.socket) throw new TypeError('the agent is not connected');
    return (await this.socket.timeout(10_000).emitWithAck(event, payload)) as never;
  }

  /** As {@link emit}, for events that must succeed. */
  async ask(event: AgentEventName, payload: unknown): Promise<Record<string, unknown>> {
    const answer = await this.emit(event, payload);
    if (!answer.ok || !answer.result) throw new TypeError(`${event}: ${JSON.stringify(answer)}`);
    return answer.result;
  }

  disconnect(): void {
    this.socket?.disconnect();
  }
}

/** A data connection whose incoming frames can be waited for. */
export class SampleTransfer {
  readonly frames: Frame[] = [];
  closedWith: number | undefined;
  private wake: (() => void)[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.binaryType = 'nodebuffer';
    socket.on('message', (message: Buffer) => {
      this.frames.push(decodeFrame(message));
      this.notify();
    });
    socket.on('close', (code) => {
      this.closedWith = code;
      this.notify();
    });
  }

  /** Opens the data plane; resolves with the HTTP status when it is refused. */
  static open(url: string, ticket: string | null, path: string = dataPlanePath): Promise<SampleTransfer | number> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers: ticket === null ? {} : { authorization: `Bearer ${ticket}` }, perMessageDeflate: false });
    const transfer = new SampleTransfer(socket);
    return new Promise((resolve, reject) => {
      socket.on('open', () => { resolve(transfer); });
      socket.on('unexpected-response', (request, response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
      socket.on('error', (error) => { reject(error); });
    });
  }

  send(frame: Frame): void {
    this.socket.send(encodeFrame(frame));
  }

  sendRaw(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  close(): void {
    this.socket.close();
  }

  /** The first frame that `isWanted`, once it has come. */
  async until<T extends Frame>(isWanted: (frame: Frame) => frame is T): Promise<T> {
    for (;;) {
      const found = this.frames.find(isWanted);
      if (found) return found;
      if (this.closedWith !== undefined) throw new TypeError(`closed with ${String(this.closedWith)} before the frame came; last: ${JSON.stringify(this.frames.at(-1))}`);
      await new Promise<void>((resolve) => { this.wake.push(resolve); });
    }
  }

  async untilClosed(): Promise<number> {
    while (this.closedWith === undefined) await new Promise<void>((resolve) => { this.wake.push(resolve); });
    return this.closedWith;
  }

  /** Waits until everything up to `seq` is durable. */
  async untilDurable(seq: number): Promise<void> {
    await this.until((frame): frame is Extract<Frame, { type: 'ack' }> => frame.type === 'ack' && frame.durableSeq >= seq);
  }

  private notify(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}
