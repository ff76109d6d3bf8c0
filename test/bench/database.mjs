// Raw workerd has no D1 of its own: its binding is a client that speaks HTTP to a service. Here that service is SQLite
// in the bench's own process, so that D1's work is not counted as the gateway's, as it isn't on Cloudflare.

import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { mintKeyRow } from '../../scripts/mint-key.mjs'
import { tablesOf } from '../../scripts/seed-rows.mjs'
import { seedStatements } from '../../scripts/seed-sql.mjs'

const root = join(import.meta.dirname, '../..')

/** Everything that the bench's keys may do is more than it does: the window is kept, and never full. */
const rateLimit = { requests: 1_000_000, windowMs: 10_000 }

/** Providers of every bench model. Those without a credential are known and not routable, as in any real catalogue. */
const providers = ['bench-a', 'bench-b', 'bench-c', 'bench-d', 'bench-e', 'bench-f']
const routable = providers.slice(0, 4)

/**
 * A migrated database with the whole seed, the models `bench/<upstream id>`, each at six endpoints of which four are
 * routable, and keys. With `endpoints`, copies of the seed's models and endpoints fill the catalogue up to so many.
 *
 * @param {{ upstreamIds: string[], keys: number, endpoints?: number }} content
 * @returns {Promise<{ port: number, keys: string[], endpoints: number, generations: () => number, close: () => void }>}
 *   `port` is where the D1 binding's client asks; `generations` counts the rows of answers
 */
export async function startDatabase({ upstreamIds, keys, endpoints = 0 }) {
  const sqlite = new DatabaseSync(':memory:')
  for (const name of readdirSync(join(root, 'migrations')).sort()) {
    sqlite.exec(readFileSync(join(root, 'migrations', name), 'utf8'))
  }
  sqlite.exec('BEGIN')
  for (const statement of seedStatements()) sqlite.exec(statement)
  for (const [table, { rows }] of Object.entries(tablesOf(benchSeed(upstreamIds)))) insert(sqlite, table, rows)
  grow(sqlite, endpoints)
  const minted = []
  for (let i = 0; i < keys; i++) {
    const { key, hash, sql, params } = await mintKeyRow({ kind: 'inference', name: `bench ${i}` })
    sqlite.prepare(sql).run(...params)
    sqlite
      .prepare('UPDATE keys SET rate_requests = ?, rate_window_ms = ? WHERE hash = ?')
      .run(rateLimit.requests, rateLimit.windowMs, hash)
    minted.push(key)
  }
  sqlite.exec('COMMIT')

  const server = createServer(async (request, response) => {
    // The edge cache is here too, and always empty: a warm isolate doesn't ask it.
    if (request.method !== 'POST') return response.writeHead(request.method === 'PUT' ? 204 : 504).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer(sqlite, JSON.parse(await text(request)))))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    keys: minted,
    endpoints: countOf(sqlite, 'endpoints'),
    generations: () => countOf(sqlite, 'generations'),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Text bindings that make the bench's providers routable at an upstream. */
export function providerVariables(upstream) {
  return Object.fromEntries(
    routable.flatMap((slug) => {
      const prefix = slug.replace('-', '_').toUpperCase()
      return [
        [`${prefix}_BASE_URL`, upstream],
        [`${prefix}_API_KEY`, 'sk-upstream'],
      ]
    }),
  )
}

function benchSeed(upstreamIds) {
  const shape = { in: ['text'], out: ['text'], context: 128_000, max_output: 16_384 }
  return {
    providers: providers.map((slug) => ({
      slug,
      name: slug,
      kind: 'lab',
      direct: true,
      data_policy: { trains: false, retains_prompts: false, zdr: 'default' },
    })),
    models: upstreamIds.map((id) => ({ id: `bench/${id}`, name: id, author: 'bench', ...shape })),
    endpoints: upstreamIds.flatMap((id) =>
      providers.map((slug, index) => ({
        id: `${slug}:bench/${id}`,
        model: `bench/${id}`,
        provider: slug,
        upstream_id: id,
        params: ['max_tokens', 'temperature', 'top_p', 'stop', 'seed', 'tools', 'tool_choice', 'response_format'],
        price: { prompt: `0.000000${index + 1}`, completion: `0.00000${index + 2}` },
        ...shape,
      })),
    ),
  }
}

function insert(sqlite, table, rows) {
  const columns = Object.keys(rows[0] ?? {})
  const statement = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  const prepared = sqlite.prepare(statement)
  for (const row of rows) prepared.run(...Object.values(row))
}

/** Copies every model, its endpoints and their prices under new ids, again and again until there are enough endpoints. */
function grow(sqlite, endpoints) {
  for (let copies = 1; countOf(sqlite, 'endpoints') < endpoints; copies++) {
    const suffix = `-copy-${copies}`
    const copy = (table, renamed, rest) => {
      const columns = sqlite.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
      const names = columns.map(({ name }) => name)
      const values = names.map((name) => (renamed.includes(name) ? `${name} || '${suffix}'` : name))
      sqlite.exec(`INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${table} ${rest}`)
    }
    const missing = endpoints - countOf(sqlite, 'endpoints')
    copy('models', ['id', 'canonical_slug'], `WHERE id NOT LIKE '%-copy-%'`)
    copy('endpoints', ['id', 'model'], `WHERE id NOT LIKE '%-copy-%' ORDER BY id LIMIT ${missing}`)
    copy('prices', ['endpoint'], `WHERE endpoint || '${suffix}' IN (SELECT id FROM endpoints)`)
  }
}

function countOf(sqlite, table) {
  return sqlite.prepare(`SELECT count(*) AS n FROM ${table}`).get().n
}

/** One query or a batch, in one transaction, as D1 answers it. */
function answer(sqlite, body) {
  try {
    const queries = Array.isArray(body) ? body : [body]
    if (queries.length > 1) sqlite.exec('BEGIN')
    const results = queries.map((query) => resultOf(sqlite, query))
    if (queries.length > 1) sqlite.exec('COMMIT')
    return results
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
    return { success: false, error: String(error) }
  }
}

function resultOf(sqlite, { sql, params }) {
  const statement = sqlite.prepare(sql)
  statement.setReturnArrays(true)
  const columns = statement.columns().map(({ name }) => name)
  const rows = statement.all(...(params ?? []))
  const { changes, lastId } = sqlite.prepare('SELECT changes() AS changes, last_insert_rowid() AS lastId').get()
  const meta = { served_by: 'bench', duration: 0, changes, last_row_id: lastId, changed_db: changes > 0 }
  return { success: true, results: { columns, rows }, meta: { ...meta, size_after: 0, rows_read: 0, rows_written: 0 } }
}
