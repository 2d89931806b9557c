import { OperatorRole, TokenId } from '@lifeboat/model';
import { numberOf } from '../database/stored-values.js';
import type { OperatorToken, PrismaClient } from '../generated/client.js';
import type { EnrolmentTokenRecord, OperatorTokenRecord, TokenRepository } from './token-repository.js';

/** Tokens, from the tables `operator_token` and `enrolment_token`. */
export class PrismaTokenRepository implements TokenRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async findOperator(secretSha256: string): Promise<OperatorTokenRecord | undefined> {
    const row = await this.prisma.operatorToken.findFirst({ where: { secretSha256 } });
    return row ? operatorOf(row) : undefined;
  }

  async findEnrolment(secretSha256: string): Promise<EnrolmentTokenRecord | undefined> {
    const row = await this.prisma.enrolmentToken.findFirst({ where: { secretSha256 } });
    if (!row) return undefined;
    const usesMax = numberOf(row.usesMax);
    return {
      tokenId: TokenId.parse(row.tokenId), createdAtMs: numberOf(row.createdAtMs), expiresAtMs: numberOf(row.expiresAtMs),
      usesMax, usesLeft: Math.max(0, usesMax - row.uses),
    };
  }

  async listOperators(): Promise<readonly OperatorTokenRecord[]> {
    return (await this.prisma.operatorToken.findMany({ orderBy: { seq: 'asc' } })).map(operatorOf);
  }
}

function operatorOf(row: OperatorToken): OperatorTokenRecord {
  return { tokenId: TokenId.parse(row.tokenId), label: row.label, role: OperatorRole.parse(row.role), createdAtMs: numberOf(row.createdAtMs) };
}
