import { defaultRetentionPolicy, MachineTag, RetentionPolicy } from '@lifeboat/model';
import { readRetentionPolicy } from '../state/assert-retention-state.js';
import { testMachineId } from '../testing/fleet.js';
import { effectivePolicy, type ScopedPolicy } from './effective-policy.js';
import { retentionPresets } from './presets.js';

const tag = (name: string): MachineTag => MachineTag.parse(name);
const subject = { machineId: testMachineId(1), tags: [tag('zebra'), tag('lab')] };
const scoped: ScopedPolicy[] = [
  { scope: { kind: 'tag', tag: tag('zebra') }, policy: { keepDaily: 99, keepYearly: 9 } }, { scope: { kind: 'default' }, policy: { ...defaultRetentionPolicy, keepDaily: 7, keepWeekly: 4 } },
  { scope: { kind: 'machine', machineId: testMachineId(1) }, policy: { keepDaily: 30 } }, { scope: { kind: 'tag', tag: tag('lab') }, policy: { keepWeekly: 8 } }, { scope: { kind: 'machine', machineId: testMachineId(2) }, policy: { keepDaily: 1 } },
];

test('a machine\'s own value wins over its tag\'s, a tag\'s over the default; of several tags the first by name', () => {
  const { policy, fields } = effectivePolicy(scoped, subject);
  expect(policy).toEqual({ ...defaultRetentionPolicy, keepDaily: 30, keepWeekly: 8 });
  expect(fields.keepDaily).toEqual({ value: 30, origin: { kind: 'machine', machineId: testMachineId(1) }, inherited: 7, overrides: true });
  expect(fields.keepWeekly).toEqual({ value: 8, origin: { kind: 'tag', tag: 'lab' }, inherited: 4, overrides: true });
  expect(fields.keepYearly).toEqual({ value: 0, origin: { kind: 'default' }, inherited: 0, overrides: false });
});

test('a machine that nobody decided about has what is built in', () => {
  const { policy, fields } = effectivePolicy([], subject);
  expect(policy).toEqual(defaultRetentionPolicy);
  expect(fields.keepWithinMs).toEqual({ value: null, origin: { kind: 'built-in' }, inherited: null, overrides: false });
});

test('null is a value and wins over what is inherited', () => {
  const { fields } = effectivePolicy([{ scope: { kind: 'default' }, policy: { keepWithinMs: 5 } }, { scope: { kind: 'tag', tag: tag('lab') }, policy: { keepWithinMs: null } }], subject);
  expect(fields.keepWithinMs).toEqual({ value: null, origin: { kind: 'tag', tag: 'lab' }, inherited: 5, overrides: true });
});

test('presets are valid policies with distinct names', () => {
  expect(retentionPresets.map((preset) => preset.name)).toEqual(['server', 'workstation', 'laptop']);
  for (const preset of retentionPresets) expect(RetentionPolicy.parse(preset.policy)).toEqual(preset.policy);
});

test('what cannot be read as a policy is none', () => {
  for (const stored of [null, undefined, 7, 'keep', {}, { ...defaultRetentionPolicy, keepDaily: -1 }, { ...defaultRetentionPolicy, extra: 1 }]) expect(readRetentionPolicy(stored)).toBeNull();
  expect(readRetentionPolicy({ ...defaultRetentionPolicy })).toEqual(defaultRetentionPolicy);
});
