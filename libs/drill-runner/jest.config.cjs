module.exports = { displayName: 'drill-runner', preset: '../../jest.preset.cjs' };
