// Lints each canary as if it were the file it names, without type information, and prints which rules fired, as JSON.
import fs from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(import.meta.dirname, 'canaries');
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked, languageOptions: { parserOptions: { projectService: false } } }],
});
const results = [];
for (const name of fs.readdirSync(folder).sort()) {
  const code = fs.readFileSync(path.join(folder, name), 'utf8');
  const as = /^\/\/ as: (.*)$/m.exec(code)?.[1] ?? '';
  const expects = /^\/\/ expects: (.*)$/m.exec(code)?.[1] ?? '';
  const [result] = await eslint.lintText(code, { filePath: path.join(root, as) });
  results.push({ name, expects, fired: [...new Set(result.messages.map((message) => message.ruleId ?? message.message))] });
}
process.stdout.write(JSON.stringify(results));
