import { defaultRetentionPolicy, RetentionPolicy, type MachineId, type MachineTag, type RetentionScope } from '@lifeboat/model';

/** A policy that somebody set for a scope. A field that is not given is taken from the scope above. */
export type ScopedPolicy = Readonly<{ scope: RetentionScope; policy: Partial<RetentionPolicy> }>;

/** Where a value comes from; `built-in` is what nobody decided. */
export type PolicyOrigin = RetentionScope | Readonly<{ kind: 'built-in' }>;

/** A value in force, where it comes from, and what would be in force without that. `overrides` when both differ. */
export type EffectiveField = Readonly<{ value: number | null; origin: PolicyOrigin; inherited: number | null; overrides: boolean }>;
export type EffectivePolicy = Readonly<{ policy: RetentionPolicy; fields: Readonly<Record<keyof RetentionPolicy, EffectiveField>> }>;

/** Whom a policy is looked up for. */
export type PolicySubject = Readonly<{ machineId: MachineId; tags: readonly MachineTag[] }>;

const fieldNames = Object.keys(RetentionPolicy.shape) as (keyof RetentionPolicy)[];

/**
 * The policy in force for a machine with the origin of each value: the machine's own, else its tag's, else the default, else the built-in one. Of several tags with a policy the first by name counts, and
 * only that one.
 */
export function effectivePolicy(scoped: readonly ScopedPolicy[], subject: PolicySubject): EffectivePolicy {
  const machine = scoped.find(({ scope }) => scope.kind === 'machine' && scope.machineId === subject.machineId);
  const [tag] = scoped
    .flatMap((one) => (one.scope.kind === 'tag' && subject.tags.includes(one.scope.tag) ? [{ ...one, tag: one.scope.tag }] : []))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
  const fallback = scoped.find(({ scope }) => scope.kind === 'default');
  const layers: Layer[] = [{ origin: { kind: 'built-in' }, policy: defaultRetentionPolicy }];
  for (const one of [fallback, tag, machine]) if (one !== undefined) layers.push({ origin: one.scope, policy: one.policy });
  const fields = Object.fromEntries(fieldNames.map((name) => [name, fieldOf(layers, name)])) as Record<keyof RetentionPolicy, EffectiveField>;
  return { policy: RetentionPolicy.parse(Object.fromEntries(fieldNames.map((name) => [name, fields[name].value]))), fields };
}

type Layer = Readonly<{ origin: PolicyOrigin; policy: Partial<RetentionPolicy> }>;

function fieldOf(layers: readonly Layer[], name: keyof RetentionPolicy): EffectiveField {
  const values = layers.flatMap(({ origin, policy }) => {
    const value = policy[name];
    return value === undefined ? [] : [{ origin, value }];
  });
  const top = values.at(-1) ?? { origin: { kind: 'built-in' as const }, value: defaultRetentionPolicy[name] };
  const inherited = values.at(-2)?.value ?? top.value;
  return { value: top.value, origin: top.origin, inherited, overrides: inherited !== top.value };
}
