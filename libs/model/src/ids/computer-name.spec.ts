import { ComputerName } from './computer-name.js';

test.each([
  { what: 'a plain name', name: 'desk-07', gives: 'desk-07' },
  { what: 'a slash', name: 'office/desk', gives: 'office/desk' },
  { what: 'two dots', name: '..', gives: '..' },
  { what: 'a path upwards', name: '../../etc/passwd', gives: '../../etc/passwd' },
  { what: 'a device name of Windows', name: 'CON', gives: 'CON' },
  { what: 'a command', name: '$(reboot); DROP TABLE computers', gives: '$(reboot); DROP TABLE computers' },
  { what: 'emoji', name: '💾 backup 🛟', gives: '💾 backup 🛟' },
  { what: 'emoji of several parts', name: 'Büro 👩‍💻', gives: 'Büro 👩‍💻' },
  { what: 'a flag made of tags', name: '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', gives: '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}' },
  { what: 'decomposed letters, as composed ones', name: 'Bu\u0308ro', gives: 'B\u00fcro' },
  { what: 'a heart on fire and a key', name: '❤️‍🔥 1️⃣', gives: '❤️‍🔥 1️⃣' },
  { what: 'outer blanks, without them', name: '  desk ', gives: 'desk' },
  { what: '255 characters', name: 'é'.repeat(255), gives: 'é'.repeat(255) },
  { what: '255 emoji', name: '🛟'.repeat(255), gives: '🛟'.repeat(255) },
])('takes $what', ({ name, gives }) => {
  expect(ComputerName.parse(name)).toBe(gives);
});

test.each([
  { what: 'nothing', name: '' },
  { what: 'blanks only', name: ' \t ' },
  { what: 'a NUL', name: 'desk\u0000' },
  { what: 'a line break', name: 'desk\nroot' },
  { what: 'an escape sequence', name: 'desk\u001b[31m' },
  { what: 'a direction override', name: 'desk\u202egpj' },
  { what: 'a zero-width space', name: 'de\u200bsk' },
  { what: 'half a surrogate pair', name: 'desk\ud800' },
  { what: 'an unassigned code point', name: 'desk\u0378' },
  { what: '300 characters', name: 'x'.repeat(300) },
  { what: 'a joiner between letters', name: 'de\u200dsk' },
  { what: 'a variation selector after a letter', name: 'desk\ufe0f' },
  { what: 'tags after letters', name: 'desk\u{e0067}\u{e007f}' },
  { what: 'invisible characters only', name: '\u200d\ufe0f' },
])('refuses $what', ({ name }) => {
  expect(ComputerName.safeParse(name).success).toBe(false);
});

test('a name is what it is after a second parse', () => {
  for (const name of ['Bu\u0308ro', ' desk ', '💾']) expect(ComputerName.parse(ComputerName.parse(name))).toBe(ComputerName.parse(name));
});
