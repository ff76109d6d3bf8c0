import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

/** As much of D1 as `store/` uses, over SQLite in memory, migrated: for tests in plain Node that want real SQL. */
export function sqliteD1(): D1Database {
  const sqlite = new DatabaseSync(':memory:')
  const migrations = join(import.meta.dirname, '../../migrations')
  for (const name of readdirSync(migrations).sort()) sqlite.exec(readFileSync(join(migrations, name), 'utf8'))
  const statement = (sql: string, values: SQLInputValue[] = []) => ({
    bind: (...bound: SQLInputValue[]) => statement(sql, bound),
    all: async () => ({ results: sqlite.prepare(sql).all(...values), success: true, meta: {} }),
    run: async () => ({ results: sqlite.prepare(sql).all(...values), success: true, meta: {} }),
    first: async (column?: string) => {
      const row = sqlite.prepare(sql).get(...values)
      return (column === undefined ? row : row?.[column]) ?? null
    },
  })
  const database = {
    prepare: (sql: string) => statement(sql),
    batch: (statements: ReturnType<typeof statement>[]) => Promise.all(statements.map((each) => each.all())),
  }
  return database as unknown as D1Database
}
