module.exports = { displayName: 'restore', preset: '../../jest.preset.cjs' };
