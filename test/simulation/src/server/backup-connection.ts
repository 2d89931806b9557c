import type { BackupSession } from '@lifeboat/ingest';
import { decodeFrame, encodeFrame } from '@lifeboat/protocol';
import { Mailbox } from '../world/mailbox.js';
import type { WireFaults } from '../world/wire.js';
import { Wire } from '../world/wire.js';
import { codeOfError, type ServerProcess } from './server-process.js';

/** Bytes of frames an agent may have in flight: as small against these worlds as 16 MiB are against a disk. */
export const creditBytes = 24 * 1024;
const groupBytes = creditBytes / 2;

type ConnectionPorts = Readonly<{
  server: ServerProcess; session: BackupSession; faults: WireFaults;
  /** The server has promised durability up to here. */
  onAck: (durableSeq: number) => void;
  /** Bytes of this session were changed on the way. */
  onDamage: () => void;
}>;

/**
 * The data connection of a backup session: the server's side as the server has it, frame by frame with a group commit after half the credit, after a volume's end and
 * a while after the first frame; the agent's side is {@link send} and {@link acks}.
 */
export class BackupConnection {
  private readonly toServer: Wire;
  private readonly toAgent: Wire;
  private grouped = 0;
  private timerSet = false;
  private committing: Promise<void> = Promise.resolve();
  /** Why it ended, once it has. */
  ended: string | undefined;

  constructor(private readonly ports: ConnectionPorts) {
    const { scheduler, chance } = ports.server.ports;
    const cut = (): void => { this.end('CONNECTION_LOST'); };
    const line = { scheduler, chance, onCut: cut, onDamage: ports.onDamage };
    this.toServer = new Wire({ ...line, faults: ports.faults });
    // What is changed on the way back is caught by TLS; nothing in a lone number could tell.
    this.toAgent = new Wire({ ...line, faults: { ...ports.faults, flip: 0 } });
    void ports.server.death.then(cut);
    void this.pump();
  }

  /** Sends a frame to the server. */
  send(bytes: Uint8Array): void {
    if (this.ended === undefined) this.toServer.send(bytes);
  }

  /** What the server answers. */
  get acks(): Mailbox<Uint8Array> {
    return this.toAgent.inbox;
  }

  /** Breaks the connection. */
  end(reason: string): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.toServer.close();
    this.toAgent.close();
  }

  private async pump(): Promise<void> {
    const { session } = this.ports;
    try {
      for (let message = await this.toServer.inbox.take(); message !== undefined; message = await this.toServer.inbox.take()) {
        const frame = decodeFrame(message);
        if (frame.type !== 'batch' && frame.type !== 'volume-end') throw new TypeError('a frame that agents do not send');
        await session.accept(frame);
        this.grouped += message.length;
        if (frame.type === 'volume-end' || this.grouped >= groupBytes) this.commitSoon();
        else void this.commitLater();
      }
    } catch (error) {
      this.end(codeOfError(error));
    }
  }

  private async commitLater(): Promise<void> {
    if (this.timerSet) return;
    this.timerSet = true;
    const { server } = this.ports;
    await server.ports.scheduler.pauses(server, server.ports.chance.between(1, 12));
    this.timerSet = false;
    this.commitSoon();
  }

  private commitSoon(): void {
    this.committing = this.committing.then(() => this.commit()).catch((error: unknown) => { this.end(codeOfError(error)); });
  }

  private async commit(): Promise<void> {
    const granted = this.grouped;
    if (granted === 0) return;
    this.grouped = 0;
    const { durableSeq } = await this.ports.session.commitGroup();
    this.ports.onAck(durableSeq);
    this.toAgent.send(encodeFrame({ type: 'ack', durableSeq, creditBytes: granted }));
  }
}
