import { judgeDrill, recoveryPointAgeMs, type CheckResult } from './drill-verdict.js';

const check = (step: CheckResult['step'], verdict: CheckResult['verdict'] = 'passed', code: string | null = null): CheckResult => ({ name: `check ${step}`, step, verdict, code, detail: 'seen', durationMs: 1 });
const good = [check('read'), check('restore'), check('filesystem'), check('boot')];

test.each([
  { name: 'all passed', level: 4 as const, checks: good, verdict: 'passed', step: null },
  { name: 'a failure wins over what could not judge', level: 4 as const, checks: [...good, check('canaries', 'inconclusive', 'NO_CANARIES'), check('boot', 'failed', 'KERNEL_PANIC')], verdict: 'failed', step: 'boot' },
  { name: 'the earliest failure is named', level: 4 as const, checks: [check('boot', 'failed', 'B'), check('filesystem', 'failed', 'A'), check('read'), check('restore')], verdict: 'failed', step: 'filesystem' },
  { name: 'a missing tool never passes', level: 3 as const, checks: [check('read'), check('restore'), check('filesystem', 'inconclusive', 'TOOL_MISSING')], verdict: 'inconclusive', step: 'filesystem' },
  { name: 'a step that was never taken never passes', level: 4 as const, checks: good.slice(0, 3), verdict: 'inconclusive', step: 'boot' },
  { name: 'nothing at all proves nothing', level: 1 as const, checks: [], verdict: 'inconclusive', step: 'read' },
])('$name', ({ level, checks, verdict, step }) => {
  expect(judgeDrill(level, checks)).toMatchObject({ verdict, step });
});

test('the age of the point is what would be lost', () => {
  expect(recoveryPointAgeMs({ pointCreatedAtMs: 100, startedAtMs: 350 })).toBe(250);
  expect(recoveryPointAgeMs({ pointCreatedAtMs: 400, startedAtMs: 350 })).toBe(0);
});
