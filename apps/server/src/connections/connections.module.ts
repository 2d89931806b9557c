import { Module, type DynamicModule } from '@nestjs/common';
import { AgentConnections } from './agent-connections.js';
import { ChallengesController } from './challenges.controller.js';
import { Handshakes } from './handshakes.js';

@Module({})
class ConnectionsModule {}

/** Who is connected, and how an agent proves who it is. */
export function connectionsModule(platform: DynamicModule): DynamicModule {
  return { module: ConnectionsModule, imports: [platform], controllers: [ChallengesController], providers: [AgentConnections, Handshakes], exports: [AgentConnections, Handshakes] };
}
