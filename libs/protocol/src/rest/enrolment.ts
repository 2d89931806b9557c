import { z } from 'zod';
import { ComputerName, EnrolmentRequestId, MachineFacts, MachineId, PublicKey } from '@lifeboat/model';
import { ProtocolRange } from '../version.js';

/** POST /api/v1/enrolments, no login: the token is the right. */
export const EnrolRequest = z.strictObject({ token: z.string().max(128), name: ComputerName, publicKey: PublicKey, facts: MachineFacts, protocol: ProtocolRange });
export type EnrolRequest = z.infer<typeof EnrolRequest>;

/** `held`: the name is taken; an admin decides and the agent asks again with the same key. */
export const EnrolResponse = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('enrolled'), machineId: MachineId, name: z.string(), serverPublicKey: PublicKey }),
  z.strictObject({ status: z.literal('held'), requestId: EnrolmentRequestId, message: z.string(), serverPublicKey: PublicKey }),
  z.strictObject({ status: z.literal('rejected'), message: z.string() }),
]);
export type EnrolResponse = z.infer<typeof EnrolResponse>;

/** POST /api/v1/challenges, no login: first half of the handshake of an enrolled agent. */
export const ChallengeRequest = z.strictObject({ machineId: MachineId, clientNonce: z.string().min(16).max(128), protocol: ProtocolRange });
export type ChallengeRequest = z.infer<typeof ChallengeRequest>;
/** `signature` proves the server's key over the agent's nonce; the agent compares it with the key it pinned when it enrolled. */
export const ChallengeResponse = z.strictObject({ nonce: z.string(), signature: z.string(), serverPublicKey: PublicKey, protocolVersion: z.number().int() });
export type ChallengeResponse = z.infer<typeof ChallengeResponse>;

export const EnrolmentTokenCreate = z.strictObject({ uses: z.number().int().min(1).max(100_000).default(1), expiresInMs: z.number().int().min(60_000).max(31_622_400_000).default(86_400_000) });
export const EnrolmentTokenCreated = z.strictObject({ v: z.literal(1), token: z.string(), expiresAt: z.string() });

export const HeldEnrolment = z.strictObject({
  requestId: EnrolmentRequestId, name: z.string(), takenBy: MachineId, requestedAt: z.string(), facts: MachineFacts, takenByFacts: MachineFacts.nullable(), state: z.enum(['held', 'continue', 'separate', 'reject']),
});
export type HeldEnrolment = z.infer<typeof HeldEnrolment>;
export const HeldEnrolmentList = z.strictObject({ v: z.literal(1), requests: z.array(HeldEnrolment) });
export const EnrolmentResolve = z.strictObject({ as: z.enum(['continue', 'separate', 'reject']) });
