import type { PipeTransform } from '@nestjs/common';
import { UserError } from '@lifeboat/model';
import type { z } from 'zod';

/** A request does not have the form its schema asks for. Names the field, never its value. */
export class RequestInvalid extends UserError {
  readonly code = 'REQUEST_INVALID';
  constructor(fields: readonly string[]) {
    super('the request does not have the required form', { details: { fields }, remedy: `Look at: ${fields.join(', ')}.`.slice(0, 400) });
  }
}

/** Parses a body, message or parameter with its schema; bound to each handler because global pipes do not run on gateways. */
export class ZodPipe<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  constructor(private readonly schema: Schema) {}

  /** @throws RequestInvalid (REQUEST_INVALID) */
  transform(value: unknown): z.output<Schema> {
    const parsed = this.schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new RequestInvalid(parsed.error.issues.slice(0, 5).map((issue) => (issue.path.length === 0 ? 'the whole request' : issue.path.map(String).join('.'))));
  }
}
