import nx from '@nx/eslint-plugin';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const notGenerated = ['**/dist', '**/out-tsc', '**/node_modules', '**/*.cjs', '**/generated', 'test/boundaries/canaries', '**/*.mjs'];

/** Who may depend on whom: arrows point inwards, and no part sees another's side of the wire. */
const depConstraints = [
  { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
  { sourceTag: 'scope:agent', onlyDependOnLibsWithTags: ['scope:shared', 'scope:agent'] },
  { sourceTag: 'scope:server', onlyDependOnLibsWithTags: ['scope:shared', 'scope:server'] },
  { sourceTag: 'scope:cli', onlyDependOnLibsWithTags: ['scope:shared'] },
  { sourceTag: 'scope:web', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'scope:test', onlyDependOnLibsWithTags: ['scope:shared', 'scope:server', 'scope:agent'] },
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'layer:engine', onlyDependOnLibsWithTags: ['layer:domain', 'layer:engine'] },
  { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:domain', 'layer:engine', 'layer:adapter'] },
  { sourceTag: 'layer:app', onlyDependOnLibsWithTags: ['layer:domain', 'layer:engine', 'layer:adapter'] },
];

const database = { group: ['@prisma/*', '**/generated/**'], message: 'Only libs/catalog talks to Prisma.' };
const queues = { group: ['bullmq', 'ioredis', '@nestjs/bullmq'], message: 'Only libs/jobs talks to queues.' };
const insides = { group: ['@lifeboat/*/*', '!@lifeboat/*/testing'], message: 'Reach a library through its index only.' };
const testSupport = { group: ['@lifeboat/*/testing'], message: 'Test support is for specs.' };
const system = { group: ['node:*', 'fs', 'path', 'os', 'crypto', 'child_process'], message: 'Domain code sees no system; take a port.' };
const frameworks = { group: ['@nestjs/*', 'react', 'react-dom', 'ws', 'socket.io', 'socket.io-client', 'lmdb', 'pino'], message: 'Domain code sees no framework.' };
const restrictImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const forbiddenSyntax = [
  { selector: "ThrowStatement > NewExpression[callee.name='Error']", message: 'Throw an error class with a code.' },
  { selector: "CallExpression > MemberExpression[object.name='forwardRef'], CallExpression[callee.name='forwardRef']", message: 'No forwardRef: cut the cycle.' },
  { selector: "Decorator > CallExpression[callee.name='Global']", message: 'No global modules.' },
];
/** Three positional parameters, seven constructor dependencies. */
const tooManyParameters = [
  { selector: ':matches(FunctionDeclaration, ArrowFunctionExpression)[params.length>3]', message: 'Three parameters at most: make an options object.' },
  { selector: "MethodDefinition[kind!='constructor'] > FunctionExpression[params.length>3]", message: 'Three parameters at most: make an options object.' },
  { selector: "MethodDefinition[kind='constructor'] > FunctionExpression[params.length>7]", message: 'Seven dependencies at most: split the class.' },
];
const onlyInTests = { selector: "MemberExpression[object.name=/^(describe|test|it)$/][property.name='only']", message: 'A focused test hides the others.' };
const clock = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Domain code takes a Clock.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Domain code takes a Clock.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Domain code takes a Random.' },
];

export default tseslint.config(
  { ignores: notGenerated },
  { files: ['**/*.ts', '**/*.tsx'], extends: [tseslint.configs.strictTypeChecked], languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx, 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.tsx', '.js'] } } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { enforceBuildableLibDependency: true, allow: [], depConstraints }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-lone-blocks': 'error',
      'no-warning-comments': ['error', { terms: ['fixme', 'xxx', 'todo:'], location: 'anywhere' }],
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only config/ reads the environment.' }],
      'no-restricted-syntax': ['error', ...forbiddenSyntax, ...tooManyParameters],
      ...restrictImports(database, queues, insides, testSupport),
    },
  },
  { files: ['libs/model/**/*.ts', 'libs/protocol/**/*.ts', 'libs/retention/**/*.ts', 'libs/drills/**/*.ts'], ignores: ['**/*.spec.ts'], rules: { ...restrictImports(database, queues, insides, testSupport, system, frameworks), 'no-restricted-syntax': ['error', ...forbiddenSyntax, ...tooManyParameters, ...clock] } },
  { files: ['libs/catalog/**/*.ts'], rules: restrictImports(queues, insides) },
  { files: ['libs/jobs/**/*.ts'], rules: restrictImports(database, insides) },
  { files: ['**/config/**/*.ts', '**/*.spec.ts', '**/testing/**/*.ts', 'test/e2e/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['**/*printer*.ts', '**/print-*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.spec.ts', '**/testing/**/*.ts', 'test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'no-restricted-syntax': ['error', onlyInTests], ...restrictImports(database, queues) , '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  { files: ['libs/catalog/**/*.spec.ts', 'libs/jobs/**/*.spec.ts'], rules: { 'no-restricted-imports': 'off' } },
  // Nest's modules are classes without state.
  { files: ['apps/server/**/*.ts'], rules: { '@typescript-eslint/no-extraneous-class': 'off' } },
  { files: ['apps/dashboard/**/*.tsx'], rules: { 'max-lines-per-function': ['error', { max: 120 }] } },
);
