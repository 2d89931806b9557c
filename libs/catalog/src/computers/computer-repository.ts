import type { ComputerName, MachineFacts, MachineId, Proof, PublicKey } from '@lifeboat/model';

/** An enrolled machine with what its state is decided from. Times are milliseconds since 1970 by the server's clock. */
export type ComputerRecord = Readonly<{
  machineId: MachineId;
  /** A label; several machines may carry the same. */
  name: ComputerName;
  publicKey: PublicKey;
  /** As the agent told when it enrolled or got a new key; `agentVersion` is the newest one seen. */
  facts: MachineFacts;
  enrolledAtMs: number;
  /** Null until the agent connected after the database was made. Not part of the ledger. */
  lastSeenAtMs: number | null;
  /** Points that are there and not deleted; so are the two counts below. */
  points: number;
  /** Of the good point with the highest ledger sequence: a clock that jumped cannot make an older point the newest. */
  newestGoodPointAtMs: number | null;
  /** Points that would not restore as they should: damaged or suspect. */
  damagedPoints: number;
  /** The newest drill that passed, whatever its level, and whether or not its point still exists. */
  lastProof: Proof | null;
}>;

/** The enrolled machines. */
export interface ComputerRepository {
  /** All machines, by name and then by age of their enrolment. */
  list(): Promise<readonly ComputerRecord[]>;
  /** @throws ComputerNotFound (COMPUTER_NOT_FOUND) */
  get(machineId: MachineId): Promise<ComputerRecord>;
  find(machineId: MachineId): Promise<ComputerRecord | undefined>;
  /** Machines that carry exactly this name, oldest enrolment first. */
  listByName(name: ComputerName): Promise<readonly ComputerRecord[]>;
  findByPublicKey(publicKey: PublicKey): Promise<ComputerRecord | undefined>;
  /**
   * Resolves what a person typed: a machine id, or a name that only one machine has.
   *
   * @throws ComputerNotFound (COMPUTER_NOT_FOUND)
   * @throws ComputerNameAmbiguous (COMPUTER_NAME_AMBIGUOUS) `details.machineIds` lists the candidates.
   */
  findByNameOrId(text: string): Promise<ComputerRecord>;
  /** Notes that the machine's agent was heard of. An unknown machine is ignored. Keeps the newest time. */
  touch(machineId: MachineId, atMs: number, agentVersion: string): Promise<void>;
}
