// Tests start real PostgreSQL and Redis servers.
module.exports = { displayName: 'jobs', preset: '../../jest.preset.cjs', testTimeout: 60_000 };
