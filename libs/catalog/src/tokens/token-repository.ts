import type { OperatorRole, TokenId } from '@lifeboat/model';

/** A token that lets an operator in. Only the SHA-256 of its secret is known. */
export type OperatorTokenRecord = Readonly<{ tokenId: TokenId; label: string; role: OperatorRole; createdAtMs: number }>;

/** A token that lets machines enrol. */
export type EnrolmentTokenRecord = Readonly<{
  tokenId: TokenId;
  createdAtMs: number;
  expiresAtMs: number;
  usesMax: number;
  /** 0 when used up; never negative. */
  usesLeft: number;
}>;

/** Tokens by the lower-case hexadecimal SHA-256 of their secret. Whether one may be used now is the caller's decision. */
export interface TokenRepository {
  findOperator(secretSha256: string): Promise<OperatorTokenRecord | undefined>;
  findEnrolment(secretSha256: string): Promise<EnrolmentTokenRecord | undefined>;
  /** Oldest first. */
  listOperators(): Promise<readonly OperatorTokenRecord[]>;
}
