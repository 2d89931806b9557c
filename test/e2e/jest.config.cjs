// Whole installations on real disks: slow by nature, and one at a time because they kill processes and count bytes.
module.exports = { displayName: 'e2e', preset: '../../jest.preset.cjs', testTimeout: 600_000, maxWorkers: 1 };
