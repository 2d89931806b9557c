import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { LoginController } from './login.controller.js';
import { OperatorGuard } from './operator.guard.js';
import { OperatorsController } from './operators.controller.js';
import { OperatorSessions } from './operator-sessions.js';

@Module({})
class AccessModule {}

/** Logins, and the guard in front of every HTTP route. */
export function accessModule(platform: DynamicModule): DynamicModule {
  return {
    module: AccessModule, imports: [platform], controllers: [LoginController, OperatorsController],
    providers: [OperatorSessions, { provide: APP_GUARD, useClass: OperatorGuard }], exports: [OperatorSessions],
  };
}
