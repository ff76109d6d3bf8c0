import { seedStatements } from '../../scripts/seed-sql.mjs'
import type { ModelEntry, ProviderRecord } from '../../src/catalog/records.ts'
import { readModels, readProviders } from '../../src/store/catalog.ts'
import { sqliteD1 } from './sqlite-d1.ts'

/** The whole shipped catalogue as the rooms see it, through the real SQL. */
export async function seededCatalog(): Promise<{ models: ModelEntry[]; providers: ProviderRecord[] }> {
  const db = sqliteD1()
  await db.batch(seedStatements().map((sql) => db.prepare(sql)))
  return { models: await readModels(db), providers: await readProviders(db) }
}
