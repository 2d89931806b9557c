import { z } from 'zod';

/** What every control event and every failed REST request answers on error. Never carries the request back. */
export const Refusal = z.strictObject({
  ok: z.literal(false),
  code: z.string().max(64),
  message: z.string().max(500),
  remedy: z.string().max(500).nullable(),
  retry: z.enum(['never', 'now', 'later']),
});
export type Refusal = z.infer<typeof Refusal>;

/** The acknowledgement of a control event: the result, or a refusal. */
export type Ack<T> = Readonly<{ ok: true; result: T }> | Refusal;
