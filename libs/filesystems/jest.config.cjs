module.exports = { displayName: 'filesystems', preset: '../../jest.preset.cjs' };
