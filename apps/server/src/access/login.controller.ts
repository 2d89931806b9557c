import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { LoginRequest, restPaths } from '@lifeboat/protocol';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { addressOf } from './operator.guard.js';
import { OperatorSessions } from './operator-sessions.js';
import { PublicRoute } from './public.decorator.js';

/** Logs browsers in and out. */
@Controller()
export class LoginController {
  constructor(@Inject(OperatorSessions) private readonly sessions: OperatorSessions) {}

  @PublicRoute()
  @Post(restPaths.login)
  @HttpCode(200)
  async login(@Body(new ZodPipe(LoginRequest)) body: z.infer<typeof LoginRequest>, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<{ v: 1 }> {
    response.setHeader('Set-Cookie', await this.sessions.login(body.token, addressOf(request)));
    return { v: 1 };
  }

  @Post(restPaths.logout)
  @HttpCode(200)
  logout(@Req() request: Request, @Res({ passthrough: true }) response: Response): { v: 1 } {
    response.setHeader('Set-Cookie', this.sessions.logout(request.headers.cookie));
    return { v: 1 };
  }

  /** Answers 200 to whoever is logged in; anybody else is refused by the guard. */
  @Get(restPaths.session)
  session(): { v: 1 } {
    return { v: 1 };
  }
}
