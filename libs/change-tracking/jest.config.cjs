module.exports = { displayName: 'change-tracking', preset: '../../jest.preset.cjs' };
