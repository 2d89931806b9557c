import { Module, type DynamicModule } from '@nestjs/common';
import { AckErrorFilter } from '../http/ack-error.filter.js';
import { AgentArrivals } from './agent-arrivals.js';
import { AgentsGateway } from './agents.gateway.js';
import { OwnMachine } from './own-machine.js';

@Module({})
class AgentsModule {}

type Parts = Readonly<Record<'connections' | 'backups' | 'restores' | 'schedules', DynamicModule>>;

/** The gateway of agents. */
export function agentsModule(platform: DynamicModule, parts: Parts): DynamicModule {
  return { module: AgentsModule, imports: [platform, parts.connections, parts.backups, parts.restores, parts.schedules], providers: [AgentsGateway, AgentArrivals, OwnMachine, AckErrorFilter] };
}
