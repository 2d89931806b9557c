module.exports = { displayName: 'drills', preset: '../../jest.preset.cjs' };
