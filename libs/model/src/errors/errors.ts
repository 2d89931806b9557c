/** What a caller may do after an operational error: `never` fix the cause first, `now` once more at once, `later` after a pause. */
export type Retry = 'never' | 'now' | 'later';

/** Facts that belong to an error. Values are JSON so that they survive logs and the wire; never secrets, never chunk bytes. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface ErrorOptionsWithDetails {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** One sentence: what the reader should do now. */
  readonly remedy?: string;
}

/** Every error of Lifeboat: a stable `code` for machines, a constant message for people, facts in `details`. */
export abstract class LifeboatError extends Error {
  abstract readonly kind: 'user' | 'operational' | 'defect';
  abstract readonly code: string;
  readonly details: ErrorDetails;
  readonly remedy: string | undefined;

  constructor(message: string, options: ErrorOptionsWithDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.details = options.details ?? {};
    this.remedy = options.remedy;
  }
}

/** The caller can fix it: a wrong argument, a missing right, a name already taken. */
export abstract class UserError extends LifeboatError {
  readonly kind = 'user';
}

/** The world failed: a disk, a network, another process. Says whether trying again can help. */
export abstract class OperationalError extends LifeboatError {
  readonly kind = 'operational';
  readonly retry: Retry;

  constructor(message: string, options: ErrorOptionsWithDetails & { readonly retry: Retry }) {
    super(message, options);
    this.retry = options.retry;
  }
}

/** We are wrong: an invariant of our own code does not hold. Never caught to go on. */
export class Defect extends LifeboatError {
  readonly kind = 'defect';
  readonly code = 'DEFECT';
}

/** Throws {@link Defect} when `condition` is false. For invariants, never for input. */
export function assertInvariant(condition: boolean, message: string, details: ErrorDetails = {}): asserts condition {
  if (!condition) throw new Defect(message, { details });
}

/** Tells whether `error` is ours, so that its code, details and remedy may be shown. */
export function isLifeboatError(error: unknown): error is LifeboatError {
  return error instanceof LifeboatError;
}
