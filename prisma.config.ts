import path from 'node:path';
import { defineConfig } from 'prisma/config';

// Prisma's own engine would be downloaded when it is first needed; this one comes from npm and speaks the same protocol. The file is read
// before the engine is looked for, so nobody has to set a variable.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= path.join(import.meta.dirname, 'tools/prisma-schema-engine.mjs');
process.env['CHECKPOINT_DISABLE'] ??= '1';
process.env['PRISMA_HIDE_UPDATE_MESSAGE'] ??= '1';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://postgres@localhost/lifeboat' },
});
