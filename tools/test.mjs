// `npm test`: everything the project checks, from a bare clone. Arguments go to Nx, e.g. `npm test -- --projects=@lifeboat/store`.
import { env, prepare, root } from './setup/prepare.mjs';
import { run } from './setup/run.mjs';

const started = Date.now();
prepare('tests');
const extra = process.argv.slice(2);
run('npx', ['nx', 'run-many', '-t', 'typecheck', 'lint', 'test', '--parallel=2', '--output-style=static', '--exclude=@lifeboat/e2e', ...extra], { cwd: root, env });
// The journeys of a whole installation come last and alone: they measure and kill real processes.
if (extra.length === 0) run('npx', ['nx', 'run-many', '-t', 'typecheck', 'lint', 'test', '--parallel=1', '--output-style=static', '--projects=@lifeboat/e2e'], { cwd: root, env });
console.log(`All checks passed in ${String(Math.round((Date.now() - started) / 1000))} s.`);
