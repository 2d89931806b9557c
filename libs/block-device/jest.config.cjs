module.exports = { displayName: 'block-device', preset: '../../jest.preset.cjs' };
