import type { SampleComputer } from './sample-fleet.js';
import { type SampleRetention, samplePlan } from './sample-retention.js';

type Simulated = Readonly<{ settings?: { yellowFreePercent: number }; draft?: object }>;

/** Answers of the store and retention paths as the real server gives them, from a sample; undefined for paths of others. */
export function answerRetention(sample: SampleRetention, computers: readonly SampleComputer[], request: Readonly<{ method: string; pathname: string; text: string }>): unknown {
  const { method, pathname, text } = request;
  const body = (): Simulated => JSON.parse(text) as Simulated;
  if (/\/versions\/[0-9a-f]+\/delete$/.test(pathname)) return { v: 1, outcome: 'requested', id: pathname.split('/').at(-2), requestId: 'e'.repeat(32), executeAfter: new Date(Date.now() + 86_400_000).toISOString(), why: 'younger than 7 days' };
  switch (pathname) {
    case '/api/v1/store': return sample.store;
    case '/api/v1/store/history': return sample.history;
    case '/api/v1/store/usage': return sample.usage;
    case '/api/v1/store/upkeep': case '/api/v1/store/gc': case '/api/v1/store/scrub': return sample.upkeep;
    case '/api/v1/store/damage': return sample.damage;
    case '/api/v1/retention': return sample.view;
    case '/api/v1/retention/plan': return sample.plan;
    case '/api/v1/retention/simulation': return compare(sample, computers, body());
    case '/api/v1/retention/run': return { v: 1, planHash: sample.plan.planHash, run: { ...(sample.view['run'] as object) } };
    case '/api/v1/retention/policies/blast-radius': case '/api/v1/retention/settings/blast-radius': return radius(sample, computers);
    case '/api/v1/retention/policies': return { v: 1, scope: { kind: 'default' }, ...body(), confirm: undefined, radius: radius(sample, computers) };
    case '/api/v1/retention/settings':
      if (method === 'PUT' && body().settings !== undefined) {
        const settings = body().settings as SampleRetention['view']['settings'];
        sample.view = { ...sample.view, settings };
        sample.plan = samplePlan(computers, goingAt(settings.yellowFreePercent), Date.now());
      }
      return { v: 1, settings: sample.view.settings, radius: radius(sample, computers) };
    default: return undefined;
  }
}

/** How many points of the sample go at a floor. */
const goingAt = (floorPercent: number): number => Math.max(0, floorPercent - 12);

function compare(sample: SampleRetention, computers: readonly SampleComputer[], asked: Simulated): object {
  const drafted = asked.settings !== undefined || asked.draft !== undefined;
  const plan = drafted ? samplePlan(computers, goingAt(asked.settings?.yellowFreePercent ?? sample.view.settings.yellowFreePercent) + (asked.draft === undefined ? 0 : 2), Date.now()) : sample.plan;
  return { v: 1, plan, today: drafted ? sample.plan : null, moreDeleted: drafted ? Math.max(0, plan.prune.length - sample.plan.prune.length) : 0, moreKept: drafted ? Math.max(0, sample.plan.prune.length - plan.prune.length) : 0 };
}

function radius(sample: SampleRetention, computers: readonly SampleComputer[]): object {
  const deleted = sample.plan.prune.map((point) => {
    const { computer, machineId, id, createdAt, reason, uniqueBytes } = point as Record<string, unknown>;
    return { computer, machineId, id, createdAt, reason, uniqueBytes };
  });
  return { v: 1, computers: computers.slice(0, 7).map(({ name, machineId }) => ({ computer: name, machineId })), deleted, kept: 1, freedBytes: 4 * 1024 ** 3, confirm: 'c'.repeat(64) };
}
