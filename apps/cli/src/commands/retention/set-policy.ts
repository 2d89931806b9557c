import type { RetentionPolicy, RetentionScope } from '@lifeboat/model';
import { MachineTag } from '@lifeboat/model';
import { BlastRadius, ComputerView, PolicySaved, restPaths, RetentionView } from '@lifeboat/protocol';
import type { ApiClient } from '../../api/api-client.js';
import { computerPart } from '../../api/find-computer.js';
import { ChangeNotConfirmed, Usage } from '../../cli-errors.js';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { parseCount } from '../../parse-count.js';
import { parseDuration } from '../../parse-duration.js';
import { describeRadius } from './describe-plan.js';

/** Options of `retention set`, as typed. */
export type PolicyOptions = Readonly<{
  tag?: string; preset?: string; keepLast?: string; keepHourly?: string; keepDaily?: string; keepWeekly?: string; keepMonthly?: string; keepYearly?: string; keepWithin?: string; minKeep?: string; weight?: string;
  inherit?: true; confirm?: true;
}>;

const countNames = ['keepLast', 'keepHourly', 'keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly'] as const;

/** Changes the policy of a computer, a tag or all; shows what would go before it takes effect. */
export async function setPolicy(context: CommandContext, computer: string | undefined, options: PolicyOptions): Promise<ExitCode> {
  const client = context.api();
  const scope = await scopeOf(client, computer, options.tag);
  const view = await client.ask({ method: 'GET', path: restPaths.retention }, RetentionView);
  const change = { scope, policy: changePolicy(policyOf(view, scope), options, view.presets) };
  const radius = await client.ask({ method: 'POST', path: restPaths.retentionBlastRadius, body: change }, BlastRadius);
  if (radius.deleted.length > 0 && !options.confirm) {
    context.printer.note(describeRadius(radius));
    throw new ChangeNotConfirmed({ points: radius.deleted.length });
  }
  const saved = await client.ask({ method: 'PUT', path: restPaths.retentionPolicies, body: { ...change, confirm: radius.confirm } }, PolicySaved);
  context.printer.result(saved, () => describeRadius(saved.radius));
  return exitCodes.ok;
}

async function scopeOf(client: ApiClient, computer: string | undefined, tag: string | undefined): Promise<RetentionScope> {
  if (computer !== undefined && tag !== undefined) throw new Usage('a computer and --tag exclude each other');
  if (tag !== undefined) {
    const parsed = MachineTag.safeParse(tag);
    if (!parsed.success) throw new Usage(`"${tag}" is no tag`, 'Tags are lower-case letters, digits, - and _.');
    return { kind: 'tag', tag: parsed.data };
  }
  if (computer === undefined) return { kind: 'default' };
  const view = await client.ask({ method: 'GET', path: restPaths.computer, parts: { computer: await computerPart(client, computer) } }, ComputerView);
  return { kind: 'machine', machineId: view.computer.machineId };
}

/** What the scope's own policy is, else what applies without one. */
function policyOf(view: RetentionView, scope: RetentionScope): RetentionPolicy {
  const own = view.policies.find((each) => sameScope(each.scope, scope))?.policy;
  const inherited = scope.kind === 'machine' ? view.computers.find(({ machineId }) => machineId === scope.machineId)?.policy : view.policies.find((each) => each.scope.kind === 'default')?.policy;
  return own ?? inherited ?? builtIn;
}

/** In force where nobody decided: everything stays while there is room. */
const builtIn: RetentionPolicy = { keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0, keepWithinMs: null, minKeep: 2, weight: 1 };

function sameScope(one: RetentionScope, other: RetentionScope): boolean {
  if (one.kind === 'tag' && other.kind === 'tag') return one.tag === other.tag;
  if (one.kind === 'machine' && other.kind === 'machine') return one.machineId === other.machineId;
  return one.kind === 'default' && other.kind === 'default';
}

/** The policy with what the options say; null goes back to the scope above. Throws USAGE for contradictions and for nothing at all. */
export function changePolicy(policy: RetentionPolicy, options: PolicyOptions, presets: RetentionView['presets']): RetentionPolicy | null {
  const named = [...countNames, 'keepWithin', 'minKeep', 'weight'] as const;
  const changes = named.filter((name) => options[name] !== undefined);
  if (options.inherit) {
    if (changes.length > 0 || options.preset !== undefined) throw new Usage('--inherit and other changes exclude each other');
    return null;
  }
  if (changes.length === 0 && options.preset === undefined) throw new Usage('nothing to change was named', 'See `lifeboat retention set --help`.');
  const preset = options.preset === undefined ? undefined : presets.find(({ name }) => name === options.preset);
  if (options.preset !== undefined && !preset) throw new Usage(`there is no preset "${options.preset}"`, `There are ${presets.map(({ name }) => name).join(', ')}.`);
  const base = preset?.policy ?? policy;
  const counts = Object.fromEntries(countNames.map((name) => [name, countOf(options, name) ?? base[name]])) as Pick<RetentionPolicy, (typeof countNames)[number]>;
  return { ...base, ...counts, keepWithinMs: withinOf(options) ?? (options.keepWithin === 'none' ? null : base.keepWithinMs), minKeep: options.minKeep === undefined ? base.minKeep : parseCount(options.minKeep, '--min-keep'), weight: weightOf(options) ?? base.weight };
}

function countOf(options: PolicyOptions, name: (typeof countNames)[number]): number | undefined {
  const text = options[name];
  return text === undefined ? undefined : parseCount(text, `--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`, 0);
}

function withinOf({ keepWithin }: PolicyOptions): number | undefined {
  return keepWithin === undefined || keepWithin === 'none' ? undefined : parseDuration(keepWithin);
}

function weightOf({ weight }: PolicyOptions): number | undefined {
  if (weight === undefined) return undefined;
  const value = Number(weight);
  if (weight.trim() === '' || !Number.isFinite(value) || value <= 0) throw new Usage(`--weight takes a number above 0, not "${weight}"`);
  return value;
}
