import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Defect } from '@lifeboat/model';
import type { Request } from 'express';
import { AdminRequired } from './access-errors.js';
import type { Operator } from './operator-sessions.js';

const operators = new WeakMap<Request, Operator>();

/** Notes whom the guard let through with this request. */
export function noteOperator(request: Request, operator: Operator): void {
  operators.set(request, operator);
}

/** Parameter of a handler: the operator who sent the request. */
export const ActingOperator = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const operator = operators.get(context.switchToHttp().getRequest<Request>());
  if (!operator) throw new Defect('a route that asks for its operator is open to everybody');
  return operator;
});

/** @throws AdminRequired (ADMIN_REQUIRED) */
export function assertAdmin(operator: Operator): void {
  if (operator.role !== 'admin') throw new AdminRequired();
}
