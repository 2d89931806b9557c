import { join } from 'node:path';
import { z } from 'zod';
import { EnrolmentRequestId, MachineId, PublicKey, RestorePointId, SessionId } from '@lifeboat/model';
import { AgentStateInvalid } from '../errors/agent-errors.js';
import { makePrivateDirectory, readIfExists, removeIfExists, writeDurably } from './durable-file.js';
import { generateKeyPair, keyPairFromPem, type KeyPair } from './key-pair.js';

/** Who this computer is to its server. While an admin has not decided, `machineId` is null and the token is kept to ask again. */
export const Identity = z.strictObject({
  v: z.literal(1),
  serverUrl: z.url().max(512),
  machineId: MachineId.nullable(),
  requestId: EnrolmentRequestId.nullable(),
  pendingToken: z.string().max(128).nullable(),
  serverPublicKey: PublicKey,
  name: z.string().max(1024),
  /** Paths of block devices and image files to protect; empty: all fixed disks. */
  disks: z.array(z.string().max(4096)).max(256),
});
export type Identity = z.infer<typeof Identity>;

/** A backup that was begun and not committed; its acknowledged part need not be sent again. */
export const OpenSession = z.strictObject({ v: z.literal(1), sessionId: SessionId, requestId: z.string(), basePointId: RestorePointId.nullable() });
export type OpenSession = z.infer<typeof OpenSession>;

/** Backups switched off on this computer until a time, milliseconds since 1970. */
export const Pause = z.strictObject({ v: z.literal(1), untilMs: z.number().int().nonnegative(), reason: z.string().max(500) });
export type Pause = z.infer<typeof Pause>;

/** What the last run ended with, for `get status`. */
export const LastRun = z.strictObject({
  v: z.literal(1), finishedAtMs: z.number().int(), state: z.enum(['done', 'warned', 'failed', 'stopped', 'refused']),
  code: z.string().nullable(), message: z.string().nullable(), pointId: RestorePointId.nullable(),
});
export type LastRun = z.infer<typeof LastRun>;

/** One JSON file of the state directory, parsed at this border and written durably. */
export interface StateFile<T> {
  /** Null when there is none. @throws AgentStateInvalid (AGENT_STATE_INVALID) */
  read(): Promise<T | null>;
  write(value: T): Promise<void>;
  remove(): Promise<void>;
}

/** The agent's state directory: mode 0700, files 0600. Whoever works with it holds the agent lock. */
export class AgentState {
  readonly identity: StateFile<Identity>;
  readonly openSession: StateFile<OpenSession>;
  readonly pause: StateFile<Pause>;
  readonly lastRun: StateFile<LastRun>;

  private constructor(readonly directory: string) {
    this.identity = stateFile(directory, 'identity.json', Identity);
    this.openSession = stateFile(directory, 'session.json', OpenSession);
    this.pause = stateFile(directory, 'pause.json', Pause);
    this.lastRun = stateFile(directory, 'last-run.json', LastRun);
  }

  /** Opens the directory, making it when missing. */
  static async open(directory: string): Promise<AgentState> {
    await makePrivateDirectory(directory);
    return new AgentState(directory);
  }

  /** The directory of base maps. */
  get mapsDirectory(): string {
    return join(this.directory, 'maps');
  }

  /** The computer's key. It is on stable storage before anyone hears of it, so that a repeated enrolment uses the same one. */
  async getOrCreateKey(): Promise<KeyPair> {
    const pem = await readIfExists(this.directory, 'key.pem');
    if (pem === null) {
      const made = generateKeyPair();
      await writeDurably(join(this.directory, 'key.pem'), made.toPem());
      return made;
    }
    try {
      return keyPairFromPem(pem);
    } catch (error) {
      throw new AgentStateInvalid({ file: join(this.directory, 'key.pem'), reason: 'not a private key' }, error);
    }
  }
}

function stateFile<T>(directory: string, name: string, schema: z.ZodType<T>): StateFile<T> {
  const path = join(directory, name);
  return {
    async read() {
      const text = await readIfExists(directory, name);
      return text === null ? null : parseState(path, text, schema);
    },
    write: (value) => writeDurably(path, `${JSON.stringify(value, null, 2)}\n`),
    remove: () => removeIfExists(path),
  };
}

function parseState<T>(file: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new AgentStateInvalid({ file, reason: error instanceof z.ZodError ? error.issues.map((issue) => issue.path.join('.')).join(', ') : 'not JSON' }, error);
  }
}
