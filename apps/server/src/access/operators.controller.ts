import { Body, Controller, Get, Inject, Post } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { randomHex128, TokenId, type Random } from '@lifeboat/model';
import { OperatorCreate, restPaths, type OperatorCreated, type OperatorList } from '@lifeboat/protocol';
import type { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, RANDOM } from '../platform/tokens.js';
import { OperatorLabelTaken } from './access-errors.js';
import { ActingOperator, assertAdmin } from './acting-operator.js';
import type { Operator } from './operator-sessions.js';
import { newSecret, secretSha256 } from './secrets.js';

/** Under this name the server itself decides. */
export const serverActor = 'lifeboat';

/** Who may act as an operator. Only admins let others in. */
@Controller()
export class OperatorsController {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  @Get(restPaths.operators)
  async list(): Promise<z.infer<typeof OperatorList>> {
    const operators = await this.catalog.tokens.listOperators();
    return { v: 1, operators: operators.map(({ label, role, createdAtMs }) => ({ label, role, createdAt: new Date(createdAtMs).toISOString() })) };
  }

  @Post(restPaths.operators)
  async create(@ActingOperator() operator: Operator, @Body(new ZodPipe(OperatorCreate)) body: z.output<typeof OperatorCreate>): Promise<z.infer<typeof OperatorCreated>> {
    assertAdmin(operator);
    const { label, role } = body;
    const taken = (await this.catalog.tokens.listOperators()).some((each) => each.label === label);
    if (taken || label === serverActor) throw new OperatorLabelTaken(label);
    const token = newSecret(this.random);
    await this.ledger.append({ type: 'operator-token.created', tokenId: TokenId.parse(randomHex128(this.random)), secretSha256: secretSha256(token), label, role });
    return { v: 1, token, label, role };
  }
}
