import type { ComputerName, EnrolmentRequestId, MachineFacts, MachineId, PublicKey } from '@lifeboat/model';

/** An enrolment whose name was taken, and what an admin made of it. */
export type EnrolmentRecord = Readonly<{
  requestId: EnrolmentRequestId;
  name: ComputerName;
  publicKey: PublicKey;
  facts: MachineFacts;
  takenBy: MachineId;
  requestedAtMs: number;
  state: 'held' | 'continue' | 'separate' | 'reject';
  /** The machine that the decision gave to the agent; null while held and when rejected. */
  machineId: MachineId | null;
  resolvedAtMs: number | null;
}>;

/** Enrolments that wait, or waited, for an admin. */
export interface EnrolmentRepository {
  /** Those that wait, oldest first. */
  listHeld(): Promise<readonly EnrolmentRecord[]>;
  /** @throws EnrolmentNotFound (ENROLMENT_NOT_FOUND) */
  get(requestId: EnrolmentRequestId): Promise<EnrolmentRecord>;
  /** The newest request made with this key: an agent that asks again is recognised by it. */
  findByPublicKey(publicKey: PublicKey): Promise<EnrolmentRecord | undefined>;
}
