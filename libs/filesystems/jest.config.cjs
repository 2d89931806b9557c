// Images are made, mounted and checked by other programs, which may have to wait for a busy disk.
module.exports = { displayName: 'filesystems', preset: '../../jest.preset.cjs', testTimeout: 60_000 };
