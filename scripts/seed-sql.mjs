import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { statementsOf, tablesOf } from './seed-rows.mjs'

/** A short hash of the catalogue that ships with this checkout: what `catalog_meta.version` holds once it is loaded. */
export function seedVersion() {
  return versionOf(tablesOf(readSeed()))
}

/**
 * SQL statements, each below D1's 100 kB, that load the seed into a migrated database. See `statementsOf`.
 *
 * @returns {string[]} without a closing semicolon; run them in order, e.g. as one `db.batch`
 */
export function seedStatements() {
  const tables = tablesOf(readSeed())
  return statementsOf(tables, versionOf(tables))
}

function versionOf(tables) {
  return createHash('sha256').update(JSON.stringify(tables)).digest('hex').slice(0, 12)
}

/** The collected catalogue and the built-in sandbox's rows as one. */
function readSeed() {
  const read = (name) => readFileSync(new URL(`../seed/${name}`, import.meta.url), 'utf8')
  const sandbox = existsSync(new URL('../seed/sandbox.json', import.meta.url))
    ? JSON.parse(read('sandbox.json'))
    : { providers: [], models: [], endpoints: [] }
  const lines = read('endpoints.jsonl').split('\n').filter(Boolean)
  return {
    providers: [...JSON.parse(read('providers.json')), ...sandbox.providers],
    models: [...JSON.parse(read('models.json')), ...sandbox.models],
    endpoints: [...lines.map((line) => JSON.parse(line)), ...sandbox.endpoints],
  }
}
