// The production code in a world that crashes it; the runner prints how to replay a failing seed.
module.exports = { displayName: 'simulation', preset: '../../jest.preset.cjs', testTimeout: 300_000 };
