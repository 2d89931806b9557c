import { z } from 'zod';

/** Longest computer name in Unicode code points; DNS allows 253, NetBIOS 15. */
export const computerNameMaxLength = 255;

/** Control, format (bidi overrides, zero-width), otherwise invisible and unassigned characters could make two names look the same. */
const forbidden = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** Joiner, variation selector and tags are part of many emoji. Elsewhere they are as invisible as the others. */
const allowedInEmoji =
  /(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]*)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Extended_Pictographic})\ufe0f|\ufe0f(?=\u20e3)|(?<=\p{Extended_Pictographic})[\u{e0020}-\u{e007e}]+\u{e007f}/gu;

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
