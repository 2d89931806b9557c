import { execFileSync } from 'node:child_process';
import path from 'node:path';

type Result = Readonly<{ name: string; expects: string; fired: readonly string[] }>;

/** Each canary breaks one law of the house; a canary that passes lint means that the law is not enforced. */
describe('the laws of the house', () => {
  const script = path.resolve(import.meta.dirname, '../lint-canaries.mjs');
  const results = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })) as Result[];

  test.each(results.map((result) => ({ ...result })))('$name: $expects', ({ expects, fired }) => {
    if (expects === 'nothing') expect(fired).toEqual([]);
    else expect(fired).toContain(expects);
  });

  test('all canaries were looked at', () => {
    expect(results.length).toBeGreaterThan(20);
  });
});
