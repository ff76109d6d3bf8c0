/// <reference types="vite/types/importMeta.d.ts" />
import { applyD1Migrations } from 'cloudflare:test'

const files = import.meta.glob<string>('../../migrations/*.sql', { query: '?raw', import: 'default', eager: true })

/** Brings a D1 of the tests to the schema of `migrations/`. Statements end with a semicolon at the end of a line. */
export async function migrate(db: D1Database): Promise<void> {
  const migrations = Object.entries(files)
    .map(([path, sql]) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      queries: sql
        .replace(/^\s*--.*$/gm, '')
        .split(/;\s*$/m)
        .filter((query) => query.trim() !== ''),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
  await applyD1Migrations(db, migrations)
}
