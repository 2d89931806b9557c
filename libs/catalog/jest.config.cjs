// Tests start real PostgreSQL servers, whose checkpoints wait for the disk.
module.exports = { displayName: 'catalog', preset: '../../jest.preset.cjs', testTimeout: 60_000 };
