import { z } from 'zod';
import { ComputerName } from '../ids/computer-name.js';
import { Digest } from '../ids/digest.js';
import { EnrolmentRequestId, MachineId, RestorePointId, StoreId, TokenId } from '../ids/ids.js';
import { BackupPolicy } from '../policy/backup-policy.js';
import { pointEvents } from './point-events.js';
import { storeEvents } from './store-events.js';

const epochMs = z.number().int().nonnegative().max(8_640_000_000_000_000);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Raw Ed25519 public key, base64, 44 characters. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/).brand<'PublicKey'>();
export type PublicKey = z.infer<typeof PublicKey>;

/** What an operator may do: an `operator` runs backups, restores and retention; an `admin` also lifts legal holds and lets operators in. */
export const OperatorRole = z.enum(['admin', 'operator']);
export type OperatorRole = z.infer<typeof OperatorRole>;

/** What an agent says of the machine it runs on; evidence for an admin, never a safety decision. */
export const MachineFacts = z.strictObject({
  hostname: z.string().max(256),
  platform: z.string().max(64),
  release: z.string().max(128),
  agentVersion: z.string().max(64),
  diskSerials: z.array(z.string().max(128)).max(64),
  macAddresses: z.array(z.string().max(32)).max(64),
});
export type MachineFacts = z.infer<typeof MachineFacts>;

/**
 * What happened, as one entry of the ledger. The catalog is nothing but these records applied in order.
 * New types and new optional fields may be added; meanings never change.
 */
export const LedgerEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('store.created'), storeId: StoreId }),
  z.strictObject({ type: z.literal('writer.takeover'), writerToken: z.number().int().positive(), host: z.string().max(256), pid: z.number().int() }),
  /** Without a role: an admin, as every operator was before there were roles. */
  z.strictObject({ type: z.literal('operator-token.created'), tokenId: TokenId, secretSha256: sha256, label: z.string().max(128), role: OperatorRole.optional() }),
  z.strictObject({ type: z.literal('enrolment-token.created'), tokenId: TokenId, secretSha256: sha256, usesMax: z.number().int().positive(), expiresAtMs: epochMs }),
  z.strictObject({ type: z.literal('enrolment-token.used'), tokenId: TokenId }),
  z.strictObject({ type: z.literal('machine.enrolled'), machineId: MachineId, name: ComputerName, publicKey: PublicKey, facts: MachineFacts }),
  z.strictObject({ type: z.literal('machine.rekeyed'), machineId: MachineId, publicKey: PublicKey, facts: MachineFacts }),
  z.strictObject({ type: z.literal('enrolment.held'), requestId: EnrolmentRequestId, name: ComputerName, publicKey: PublicKey, facts: MachineFacts, takenBy: MachineId }),
  z.strictObject({ type: z.literal('enrolment.resolved'), requestId: EnrolmentRequestId, as: z.enum(['continue', 'separate', 'reject']), machineId: MachineId.nullable() }),
  z.strictObject({ type: z.literal('point.committed'), pointId: RestorePointId, machineId: MachineId, manifestDigest: Digest }),
  z.strictObject({ type: z.literal('policy.set'), machineId: MachineId.nullable(), policy: BackupPolicy.nullable() }),
  ...pointEvents,
  ...storeEvents,
]);
export type LedgerEvent = z.infer<typeof LedgerEvent>;

/** An event with its place in the ledger. `seq` starts at 1 and has no holes; `atMs` is the server's wall clock and orders nothing. */
export type LedgerRecord = Readonly<{ seq: number; atMs: number; event: LedgerEvent }>;
