import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { LoginRequired, OriginRefused } from './access-errors.js';
import { OperatorSessions } from './operator-sessions.js';
import { noteOperator } from './acting-operator.js';
import { isOwnOrigin } from './own-origin.js';
import { PUBLIC_ROUTE } from './public.decorator.js';

/**
 * Lets only operators through, by bearer token or session cookie, unless a route says it is public. A page of another origin may change
 * nothing, and with a cookie the origin has to be stated.
 */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(OperatorSessions) private readonly sessions: OperatorSessions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Whoever can emit an event got through the handshake of its gateway, which is stricter than this guard.
    if (context.getType() === 'ws') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && request.headers.origin !== undefined && !isOwnOrigin(request.headers)) throw new OriginRefused();
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [context.getHandler(), context.getClass()]) === true) return true;
    const bearer = /^Bearer (.{1,256})$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) {
      noteOperator(request, await this.sessions.assertToken(bearer, addressOf(request)));
      return true;
    }
    const operator = this.sessions.operatorOf(request.headers.cookie);
    if (!operator) throw new LoginRequired();
    if (changes && !isOwnOrigin(request.headers)) throw new OriginRefused();
    noteOperator(request, operator);
    return true;
  }
}

/** The peer's address. Headers such as X-Forwarded-For are the caller's word and count for nothing. */
export function addressOf(request: Request): string {
  return request.socket.remoteAddress ?? 'unknown';
}
