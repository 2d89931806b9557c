import { MachineTag, RetentionPolicy, days, defaultRetentionPolicy } from '@lifeboat/model';
import fc from 'fast-check';
import { draftOf, findMistake, originWords, policyOf, policySentence, ruleValue, rules, scopeKey } from './rule-words.js';

const server: RetentionPolicy = { keepLast: 3, keepHourly: 0, keepDaily: 14, keepWeekly: 0, keepMonthly: 1, keepYearly: 0, keepWithinMs: days(2), minKeep: 2, weight: 1.5 };

test('a policy is a sentence, and its rules combine by "or"', () => {
  expect(policySentence(server)).toBe('Keeps the last 3 points, every point of the last 2 d, one a day for 14 days, or one a month for 1 month. Never fewer than 2 good points; weight 1.5.');
  expect(policySentence({ ...defaultRetentionPolicy, keepLast: 1 })).toMatch(/^Keeps the newest point\./);
  expect(policySentence(defaultRetentionPolicy)).toMatch(/^Keeps everything while there is room\./);
  expect(ruleValue('keepHourly', 0)).toBe('none');
});

test('every rule is listed once', () => {
  expect(rules.map(({ name }) => name).sort()).toEqual(Object.keys(RetentionPolicy.shape).sort());
});

test('a policy survives the form', () => {
  const slots = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(fc.tuple(slots, slots, slots), fc.option(fc.integer({ min: 1, max: 876_600 })), fc.integer({ min: 1, max: 1000 }), ([keepLast, keepDaily, keepYearly], withinHours, minKeep) => {
      const policy = RetentionPolicy.parse({ ...server, keepLast, keepDaily, keepYearly, keepWithinMs: withinHours === null ? null : withinHours * 3_600_000, minKeep });
      expect(findMistake(draftOf(policy))).toBeNull();
      expect(policyOf(draftOf(policy))).toEqual(policy);
    }),
  );
});

test('what a form without mistakes stands for is a policy', () => {
  const number = fc.oneof(fc.double({ noNaN: false }), fc.integer({ min: -10, max: 40_000 }));
  fc.assert(
    fc.property(fc.record({ keepLast: number, keepWithinMs: number, minKeep: number, weight: number }), (typed) => {
      const draft = { ...draftOf(server), ...typed };
      if (findMistake(draft) === null) expect(RetentionPolicy.safeParse(policyOf(draft)).error).toBeUndefined();
    }),
    { numRuns: 500 },
  );
  expect(findMistake({ ...draftOf(server), keepDaily: -1 })).toEqual({ name: 'keepDaily', message: 'A whole number between 0 and 10000.' });
  expect(findMistake({ ...draftOf(server), minKeep: 0 })?.name).toBe('minKeep');
});

test('origins and scopes', () => {
  const tag = { kind: 'tag' as const, tag: MachineTag.parse('laptops') };
  expect([originWords({ kind: 'built-in' }), originWords({ kind: 'default' }), originWords(tag)]).toEqual(['built in', 'the default', 'tag laptops']);
  expect([scopeKey({ kind: 'default' }), scopeKey(tag)]).toEqual(['default', 'tag laptops']);
});
