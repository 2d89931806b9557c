import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, OperatorTokenRecord } from '@lifeboat/catalog';
import { hours, minutes, type Clock, type Random } from '@lifeboat/model';
import { CATALOG, CLOCK, RANDOM } from '../platform/tokens.js';
import { LoginRefused } from './access-errors.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { newSecret, secretSha256 } from './secrets.js';

/** A login lasts this long, whatever is done with it. */
export const sessionLifeMs = hours(12);
const sessionsMax = 10_000;
const cookieName = 'lifeboat_session';

/** Who acts: the token somebody logged in with, by its label. */
export type Operator = Pick<OperatorTokenRecord, 'tokenId' | 'label' | 'role'>;

/** Who may act as an operator: browsers by a session cookie, programs by a bearer token. Sessions live in memory, by the hash of their secret. */
@Injectable()
export class OperatorSessions {
  private readonly sessionBySecret = new Map<string, Readonly<{ expiresAtMs: number; operator: Operator }>>();
  private readonly limiter: AttemptLimiter;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {
    this.limiter = new AttemptLimiter({ clock, failuresMax: 10, windowMs: minutes(1) });
  }

  /**
   * Opens a session for a browser.
   *
   * @returns the value of its `Set-Cookie` header.
   * @throws LoginRefused (LOGIN_REFUSED), TooManyAttempts (TOO_MANY_ATTEMPTS)
   */
  async login(token: string, address: string): Promise<string> {
    const operator = await this.assertToken(token, address);
    const oldest = this.sessionBySecret.keys().next();
    if (this.sessionBySecret.size >= sessionsMax && oldest.done !== true) this.sessionBySecret.delete(oldest.value);
    const secret = newSecret(this.random);
    this.sessionBySecret.set(secretSha256(secret), { expiresAtMs: this.clock.monotonicMs() + sessionLifeMs, operator });
    return `${cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${String(sessionLifeMs / 1000)}`;
  }

  /** Ends the session of this `Cookie` header. @returns the header that makes the browser forget it. */
  logout(cookieHeader: string | undefined): string {
    this.sessionBySecret.delete(secretSha256(sessionSecret(cookieHeader) ?? ''));
    return `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }

  /** Tells whether a `Cookie` header belongs to a live session. */
  hasSession(cookieHeader: string | undefined): boolean {
    return this.operatorOf(cookieHeader) !== undefined;
  }

  /** Whose live session a `Cookie` header belongs to. */
  operatorOf(cookieHeader: string | undefined): Operator | undefined {
    const key = secretSha256(sessionSecret(cookieHeader) ?? '');
    const session = this.sessionBySecret.get(key);
    if (session && session.expiresAtMs > this.clock.monotonicMs()) return session.operator;
    this.sessionBySecret.delete(key);
    return undefined;
  }

  /** @returns whose token it is. @throws LoginRefused (LOGIN_REFUSED), TooManyAttempts (TOO_MANY_ATTEMPTS) */
  async assertToken(token: string, address: string): Promise<Operator> {
    this.limiter.assertAllowed(address);
    // Looked up by its hash: how long that takes tells nothing about the secret.
    const operator = await this.catalog.tokens.findOperator(secretSha256(token));
    if (operator) return operator;
    this.limiter.failed(address);
    throw new LoginRefused();
  }
}

function sessionSecret(cookieHeader: string | undefined): string | undefined {
  for (const part of (cookieHeader ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName && value) return value;
  }
  return undefined;
}
