import { z } from 'zod';
import { PackId } from '../ids/ids.js';

const epochMs = z.number().int().nonnegative().max(8_640_000_000_000_000);
const packIds = z.array(PackId).min(1).max(4096);

/** What the store does to its own packs, and what it knows of time. */
export const storeEvents = [
  /** A garbage collection began; packs sealed later are none of its business. */
  z.strictObject({ type: z.literal('gc.begun'), epoch: z.number().int().positive() }),
  /**
   * Nothing live was found in these packs, or all of it was copied elsewhere (`rewritten`): lookups miss them from here on. `trustedMs` is the trusted time their
   * quarantine counts from; without it they go only when no quarantine is asked for.
   */
  z.strictObject({ type: z.literal('packs.condemned'), epoch: z.number().int().positive(), rewritten: z.boolean(), packIds, trustedMs: epochMs.optional() }),
  /** A commit needs something of these packs: they live again. */
  z.strictObject({ type: z.literal('packs.rescued'), packIds }),
  /** Written before the files go. */
  z.strictObject({ type: z.literal('packs.deleted'), packIds }),
  /** Damaged originals, whose readable content lies in other packs; kept in `quarantine/` as evidence. */
  z.strictObject({ type: z.literal('packs.quarantined'), packIds, reason: z.string().min(1).max(1000) }),
  /** Every byte of these packs was read and found right. */
  z.strictObject({ type: z.literal('packs.scrubbed'), packIds }),
  /** Hourly: the wall clock beside the time this store trusts, which never runs backwards nor jumps. */
  z.strictObject({
    type: z.literal('time.anchored'), wallMs: epochMs, trustedMs: epochMs, bootId: z.string().max(64),
    /** Milliseconds since that boot, and how much time without proof may still be believed; absent in anchors that did not know. */
    monotonicMs: z.number().nonnegative().optional(), beliefLeftMs: z.number().nonnegative().optional(),
  }),
] as const;
