import type { SessionBase } from '@lifeboat/ingest';
import { isLifeboatError, randomHex128, type MapEntry, type RestorePointId, type RestorePointManifest, type SessionId } from '@lifeboat/model';
import { decodeFrame, type SessionOpen } from '@lifeboat/protocol';
import { SessionNeedsData } from '@lifeboat/ingest';
import { lengthOf, mapOf } from '../model/sim-volume.js';
import { BackupConnection, creditBytes } from '../server/backup-connection.js';
import { codeOfError, type ServerProcess } from '../server/server-process.js';
import { ensure, SimulationFailed } from '../world/simulation-failed.js';
import { request, type AgentWorld } from './agent-world.js';
import { draftOf, framesOf, refillFrame, type SimFrame } from './backup-frames.js';
import type { AgentMachine } from './sim-agent.js';

/** How a run ended: with a point, stopped by its own machine, or to be begun anew because the server will not go on with it. */
export type RunOutcome = Readonly<{ kind: 'committed'; pointId: RestorePointId } | { kind: 'rebooted' | 'begin-anew' }>;

/** The machine goes down in the middle of a run. */
class Rebooted extends Error {}

/** After these the same run goes on: the server was away, had no room, or lost what was not yet durable. */
const passing: ReadonlySet<string> = new Set([
  'DISCONNECTED', 'CONNECTION_LOST', 'TIMEOUT', 'FRAME_SEQUENCE_GAP', 'FRAME_INVALID', 'FRAME_OUT_OF_PLACE', 'REF_CUTS_CHUNK', 'REF_WITHOUT_BASE', 'STORE_FULL', 'STORE_READ_ONLY', 'STORE_CLOSED',
  'STORE_UNUSABLE', 'SESSION_PARKED', 'SESSION_INCOMPLETE', 'CHUNK_DAMAGED', 'POINT_DAMAGED', 'BASE_DAMAGED', 'SESSION_JOURNAL_DAMAGED', 'EIO', 'EMFILE', 'STORE_SHORT_READ',
]);
/** After these the server has given up the run; or the point it became was deleted before the agent heard of it. */
const final: ReadonlySet<string> = new Set(['POINT_MISSING', 'SESSION_ENDED', 'SESSION_UNKNOWN', 'CHUNK_DIGEST_MISMATCH', 'STORED_BYTES_INVALID', 'VOLUME_ROOT_MISMATCH', 'SESSION_REQUEST_REUSED']);
/** Times a run is continued before its agent loses patience. */
const attemptsMax = 40;
/** Turns without an answer after which a connection counts as broken. */
const answerTurnsMax = 60;

type Attached = Readonly<{ sessionId: SessionId; durableSeq: number; bases: readonly SessionBase[] }>;

/** One backup of a machine as its disks were when it began, from open to point, over however many connections it takes. */
export class BackupRun {
  private readonly open: SessionOpen;
  private frames: SimFrame[] = [];
  private attempt = 0;
  private readonly clockMoves: number;
  private sentSeq = 0;
  private ackedSeq = 0;
  /** The session it is in, for the run that resumes this one. */
  sessionId: SessionId | undefined;

  constructor(private readonly world: AgentWorld, private readonly machine: AgentMachine, resumeSessionId: SessionId | null) {
    this.clockMoves = world.clockMoves;
    this.open = {
      requestId: randomHex128(world.chance), jobId: null, basePointId: machine.base?.pointId ?? null, resumeSessionId,
      volumes: machine.volumes.map((volume) => ({ volumeId: volume.volumeId, lengthBytes: lengthOf(volume) })),
    };
  }

  async run(): Promise<RunOutcome> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      try {
        await this.transfer(await this.attach());
        return { kind: 'committed', pointId: await this.commit() };
      } catch (error) {
        if (error instanceof Rebooted) return { kind: 'rebooted' };
        if (error instanceof SimulationFailed || !isExpected(error)) throw error;
        const code = codeOfError(error);
        this.note(`stopped: ${code}`);
        if (final.has(code)) return { kind: 'begin-anew' };
        if (code === 'STORE_READ_ONLY') this.world.needsRestart();
        await this.world.scheduler.pauses(null, this.world.chance.between(1, 20));
      }
    }
    return { kind: 'begin-anew' };
  }

  /** Opens the session, or finds it where it is durable. */
  private async attach(): Promise<Attached> {
    const session = await request(this.world, async (server) => {
      const { sessionId, durableSeq, bases, state } = await this.openOn(server);
      return { sessionId, durableSeq, bases, state };
    });
    if (session.state === 'aborted') throw new RunRefused('SESSION_ENDED');
    if (session.sessionId !== this.sessionId) await this.begin(session);
    ensure(session.durableSeq >= this.ackedSeq, () => `${session.sessionId} goes on at ${String(session.durableSeq)} although ${String(this.ackedSeq)} was acknowledged`);
    const again = this.frames.slice(session.durableSeq, this.sentSeq);
    const againBytes = again.reduce((sum, { bytes }) => sum + bytes.length, 0);
    ensure(again.length <= 1 || againBytes <= creditBytes, () => `${String(againBytes)} bytes must be sent again`);
    return session;
  }

  private openOn(server: ServerProcess): ReturnType<ServerProcess['ingest']['open']> {
    const { machineId } = this.machine;
    return server.ingest.open({ machineId, open: this.open, findBase: server.findBase(machineId) });
  }

  /** A session this run has not seen: what is sent depends on its bases. */
  private async begin(session: Attached): Promise<void> {
    const { machineId, volumes } = this.machine;
    const baseMaps: MapEntry[][] = [];
    for (const [volume, base] of session.bases.entries()) baseMaps.push(await this.baseMap(volume, base));
    this.frames = framesOf(volumes, { batchEntries: this.world.chance.between(1, 6), baseMaps });
    this.attempt = this.world.nextAttempt();
    this.sentSeq = 0;
    this.ackedSeq = 0;
    this.sessionId = session.sessionId;
    this.world.model.acked({ sessionId: session.sessionId, machineId }, session.durableSeq);
    // It may have been opened by a question whose answer got lost, before the clock was moved.
    if (this.world.clockMoves !== this.clockMoves) this.world.model.mayEnd(session.sessionId);
    this.world.model.attempt({ attempt: this.attempt, machineId, volumes });
    if (this.open.resumeSessionId) this.world.model.mayEnd(this.open.resumeSessionId);
    this.note(`session ${session.sessionId.slice(0, 6)}: ${String(this.frames.length)} frames, attempt ${String(this.attempt)}, bases ${session.bases.map(({ kind }) => kind).join()}`);
  }

  /** The map to compare with: the machine's own copy, or the server's when it has lost it or resumes a session. */
  private async baseMap(volume: number, base: SessionBase): Promise<MapEntry[]> {
    if (base.kind === 'none') return [];
    const own = this.machine.base;
    if (base.kind === 'point' && own?.pointId === base.pointId && !this.world.chance.oneIn(4)) return mapOf(own.volumes[volume] ?? { volumeId: '', runs: [] });
    const lengthBytes = this.open.volumes[volume]?.lengthBytes ?? 0;
    return request(this.world, async (server) => {
      const entries: MapEntry[] = [];
      for await (const entry of (await this.openOn(server)).readBaseMap(volume, { offsetBytes: 0, lengthBytes })) entries.push(entry);
      return entries;
    });
  }

  /** Sends what is not durable yet, within the credit, until everything is acknowledged. */
  private async transfer(session: Attached): Promise<void> {
    const { world, machine } = this;
    const known = { sessionId: session.sessionId, machineId: machine.machineId };
    const server = await world.whenUp();
    const found = server.ingest.find(machine.machineId, session.sessionId);
    if (!found) throw new RunRefused('DISCONNECTED');
    const connection = new BackupConnection({
      server, session: found, faults: world.wireFaults, onDamage: () => { world.model.mayEnd(session.sessionId); },
      onAck: (durableSeq) => { world.trace.add(`${machine.name} durable ${String(durableSeq)}`); world.model.acked(known, durableSeq); },
    });
    try {
      let next = session.durableSeq + 1;
      this.ackedSeq = session.durableSeq;
      while (this.ackedSeq < this.frames.length) {
        for (let frame = this.frames[next - 1]; frame && this.hasCredit(next); frame = this.frames[next - 1]) {
          if (next > this.sentSeq) world.model.sending(known, next, frame.chunks);
          this.sentSeq = Math.max(this.sentSeq, next);
          connection.send(frame.bytes);
          next += 1;
          if (!world.isEnding && world.chance.oneIn(60)) throw new Rebooted();
        }
        this.ackedSeq = Math.max(this.ackedSeq, await this.nextAck(connection));
      }
    } finally {
      connection.end('DONE');
    }
  }

  private hasCredit(next: number): boolean {
    const flying = this.frames.slice(this.ackedSeq, next).reduce((sum, { bytes }) => sum + bytes.length, 0);
    return flying <= creditBytes || next === this.ackedSeq + 1;
  }

  private async nextAck(connection: BackupConnection): Promise<number> {
    let answered = false;
    void this.world.scheduler.pauses(null, answerTurnsMax).then(() => { if (!answered) connection.acks.wake(); });
    const message = await connection.acks.take();
    answered = true;
    if (!message) throw new RunRefused(connection.ended ?? 'TIMEOUT');
    const frame = decodeFrame(message);
    return frame.type === 'ack' ? frame.durableSeq : 0;
  }

  private async commit(): Promise<RestorePointId> {
    const { world, machine } = this;
    const { sessionId } = this;
    const draft = draftOf(machine.volumes, this.attempt, this.open.basePointId);
    try {
      const manifest = await request(world, async (server): Promise<RestorePointManifest> => {
        const session = sessionId && server.ingest.find(machine.machineId, sessionId);
        if (!session) throw new RunRefused('SESSION_UNKNOWN');
        const committed = await session.commit(draft, { computerName: machine.computerName });
        // From here on it is promised, whether or not the answer arrives.
        world.model.committed(this.attempt, machine.machineId, committed.pointId);
        world.trace.add(`${machine.name} committed ${committed.pointId.slice(0, 6)}`);
        return committed;
      });
      return manifest.pointId;
    } catch (error) {
      if (error instanceof SessionNeedsData) this.addRefills(error.needed);
      // Pages of its map are gone, which only another session can bring again.
      if (codeOfError(error) === 'POINT_CLOSURE_BROKEN') throw new RunRefused('SESSION_ENDED');
      throw error;
    }
  }

  private addRefills(needed: SessionNeedsData['needed']): void {
    this.machine.volumes.forEach((content, volume) => {
      const own = needed.filter((chunk) => chunk.volume === volume);
      if (own.length > 0) this.frames.push(refillFrame({ seq: this.frames.length + 1, volume }, content, own));
    });
    this.note(`sends ${String(needed.length)} chunks again`);
  }

  private note(what: string): void {
    this.world.trace.add(`${this.machine.name} ${what}`);
  }
}

/** The server, or the line to it, ended this part of the run with a code. */
class RunRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Anything that no list foresees is a finding. */
function isExpected(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return passing.has(code) || final.has(code) || (isLifeboatError(error) && code === 'SESSION_NEEDS_DATA');
}
