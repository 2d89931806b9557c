module.exports = { displayName: 'codec', preset: '../../jest.preset.cjs' };
