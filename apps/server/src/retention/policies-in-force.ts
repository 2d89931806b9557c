import type { ComputerRecord, RetentionPolicyRecord } from '@lifeboat/catalog';
import type { MachineId, MachineTag, RetentionPolicy, RetentionScope } from '@lifeboat/model';
import { effectivePolicy, type EffectivePolicy } from '@lifeboat/retention';

/** The policy a machine follows, and where each of its values comes from. */
export type PolicyInForce = EffectivePolicy & Readonly<{ tags: readonly MachineTag[] }>;

/** What somebody decided about a scope; null goes back to the scope above. */
export type PolicyDecision = Readonly<{ scope: RetentionScope; policy: RetentionPolicy | null }>;

type Scopes = Readonly<{
  computers: readonly Pick<ComputerRecord, 'machineId'>[]; policies: readonly Pick<RetentionPolicyRecord, 'scope' | 'policy'>[]; tags: ReadonlyMap<MachineId, readonly MachineTag[]>; draft?: PolicyDecision | undefined;
}>;

/** Finds every machine's policy. A draft stands in for what its scope has. Pure. */
export function policiesInForce({ computers, policies, tags, draft }: Scopes): Map<MachineId, PolicyInForce> {
  const decided = [...policies.filter(({ scope }) => draft === undefined || keyOf(scope) !== keyOf(draft.scope)), ...(draft ? [draft] : [])];
  const scoped = decided.flatMap(({ scope, policy }) => (policy ? [{ scope, policy }] : []));
  return new Map(computers.map(({ machineId }) => {
    const own = tags.get(machineId) ?? [];
    return [machineId, { ...effectivePolicy(scoped, { machineId, tags: own }), tags: own }];
  }));
}

function keyOf(scope: RetentionScope): string {
  switch (scope.kind) {
    case 'default':
      return scope.kind;
    case 'tag':
      return `tag ${scope.tag}`;
    case 'machine':
      return `machine ${scope.machineId}`;
  }
}
