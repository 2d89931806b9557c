import { z } from 'zod';

/** Longest computer name in Unicode code points; DNS allows 253, NetBIOS 15. */
export const computerNameMaxLength = 255;

/** Control, format (bidi overrides, zero-width) and unassigned characters could make two names look the same. */
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** Joiner and variation selector are part of many emoji. */
const allowedInEmoji = /[\u200d\ufe0f]|[\u{e0020}-\u{e007f}]/gu;

/**
 * A computer's name: a label for people, in Unicode NFC without outer blanks. It never enters a path, a query or a command, so `/`, `..` and
 * emoji are as good as any other character; only invisible characters are refused.
 */
export const ComputerName = z
  .string()
  .max(4 * computerNameMaxLength)
  .transform((name) => name.normalize('NFC').trim())
  .pipe(
    z
      .string()
      .min(1, 'the computer name is empty')
      .refine((name) => Array.from(name).length <= computerNameMaxLength, `the computer name is longer than ${String(computerNameMaxLength)} characters`)
      .refine((name) => !forbidden.test(name.replace(allowedInEmoji, '')), 'the computer name contains control or invisible characters'),
  )
  .brand<'ComputerName'>();
export type ComputerName = z.infer<typeof ComputerName>;
