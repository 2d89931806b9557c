import { z } from 'zod';
import type { Random } from '../ports.js';
import { bytesToHex } from './hex.js';

const hex128 = z.string().regex(/^[0-9a-f]{32}$/);

/** Identity of an enrolled machine: 128 bits made by the server; the computer name is only its label. */
export const MachineId = hex128.brand<'MachineId'>();
export type MachineId = z.infer<typeof MachineId>;

/** Identity of a restore point. */
export const RestorePointId = hex128.brand<'RestorePointId'>();
export type RestorePointId = z.infer<typeof RestorePointId>;

/** Identity of a backup session; also the name of its journal. */
export const SessionId = hex128.brand<'SessionId'>();
export type SessionId = z.infer<typeof SessionId>;

/** Identity of a pack file. */
export const PackId = hex128.brand<'PackId'>();
export type PackId = z.infer<typeof PackId>;

/** Identity of a store. */
export const StoreId = hex128.brand<'StoreId'>();
export type StoreId = z.infer<typeof StoreId>;

/** Identity of a job: one backup, restore or drill run as shown to people. */
export const JobId = hex128.brand<'JobId'>();
export type JobId = z.infer<typeof JobId>;

/** Identity of an enrolment that waits for an admin's decision. */
export const EnrolmentRequestId = hex128.brand<'EnrolmentRequestId'>();
export type EnrolmentRequestId = z.infer<typeof EnrolmentRequestId>;

/** Identity (not the secret) of an enrolment or operator token. */
export const TokenId = hex128.brand<'TokenId'>();
export type TokenId = z.infer<typeof TokenId>;

/** Identity of a fire drill. */
export const DrillId = hex128.brand<'DrillId'>();
export type DrillId = z.infer<typeof DrillId>;

/** Identity of a deletion that waits for a second operator. */
export const DeletionRequestId = hex128.brand<'DeletionRequestId'>();
export type DeletionRequestId = z.infer<typeof DeletionRequestId>;

/** 32 lower-case hexadecimal digits of randomness, to be parsed into one of the ids above. */
export function randomHex128(random: Random): string {
  return bytesToHex(random.bytes(16));
}
