import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ChallengeRequest, restPaths, type ChallengeResponse } from '@lifeboat/protocol';
import { PublicRoute } from '../access/public.decorator.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { Handshakes } from './handshakes.js';

/** First half of an agent's handshake. */
@Controller()
export class ChallengesController {
  constructor(@Inject(Handshakes) private readonly handshakes: Handshakes) {}

  @PublicRoute()
  @Post(restPaths.challenges)
  @HttpCode(200)
  challenge(@Body(new ZodPipe(ChallengeRequest)) request: ChallengeRequest): ChallengeResponse {
    return this.handshakes.challenge(request);
  }
}
