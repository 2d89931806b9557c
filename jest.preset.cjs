/** Shared jest set-up: ES modules through swc, libraries resolved to their TypeScript sources. */
module.exports = {
  testEnvironment: 'node',
  // 'import' must stay out: `ws` would resolve to its ESM wrapper, which socket.io cannot use.
  testEnvironmentOptions: { customExportConditions: ['@lifeboat/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'json', 'node'],
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true, tsx: false },
          transform: { decoratorMetadata: true, legacyDecorator: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
