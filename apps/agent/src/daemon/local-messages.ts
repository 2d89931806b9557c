import { z } from 'zod';
import { BackupProgress, OperationalError, type ErrorDetails } from '@lifeboat/model';
import { PointsListed } from '@lifeboat/protocol';

/** Longest line that is read from the local socket. */
export const lineBytesMax = 1024 * 1024;

/** What a command may ask of the agent process that works with the same state directory: one JSON line. */
export const LocalRequest = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('status') }),
  z.strictObject({ ask: z.literal('versions') }),
  z.strictObject({ ask: z.literal('stop'), now: z.boolean() }),
  z.strictObject({ ask: z.literal('backup'), only: z.array(z.string().max(4096)).max(256), allowInconsistent: z.boolean() }),
]);
export type LocalRequest = z.infer<typeof LocalRequest>;

export const LocalStatus = z.strictObject({
  role: z.enum(['daemon', 'command']),
  connection: z.enum(['connected', 'disconnected']).nullable(),
  running: z.strictObject({ startedAtMs: z.number(), jobId: z.string().nullable(), progress: BackupProgress.nullable() }).nullable(),
});
export type LocalStatus = z.infer<typeof LocalStatus>;

/** What it answers: any number of progress and message lines, then one of the others. */
export const LocalAnswer = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('progress'), progress: BackupProgress }),
  z.strictObject({ event: z.literal('message'), sentence: z.string() }),
  z.strictObject({ event: z.literal('status'), status: LocalStatus }),
  z.strictObject({ event: z.literal('versions'), points: PointsListed.shape.points }),
  z.strictObject({ event: z.literal('stopped'), running: z.boolean() }),
  z.strictObject({ event: z.literal('report'), report: z.unknown() }),
  z.strictObject({ event: z.literal('failure'), code: z.string(), message: z.string(), remedy: z.string().nullable(), details: z.record(z.string(), z.unknown()), exitCode: z.number().int() }),
]);
export type LocalAnswer = z.infer<typeof LocalAnswer>;

/** The agent process that did the work reports a failure of its own. */
export class DelegatedFailure extends OperationalError {
  readonly code: string;
  readonly exitCode: number;
  constructor(answer: LocalAnswer & { event: 'failure' }) {
    super(answer.message, { retry: 'never', details: answer.details as ErrorDetails, ...(answer.remedy === null ? {} : { remedy: answer.remedy }) });
    this.code = answer.code;
    this.exitCode = answer.exitCode;
  }
}
