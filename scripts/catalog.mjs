// Loads the catalogue into D1: npm run catalog -- [--local | --remote] [--env eu]
// What else is given goes to wrangler, e.g. --persist-to.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { seedStatements, seedVersion } from './seed-sql.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = '.wrangler/seed.sql'
const options = process.argv.slice(2)
if (!options.includes('--local') && !options.includes('--remote')) options.push('--local')

const statements = seedStatements()
mkdirSync(`${root}/.wrangler`, { recursive: true })
writeFileSync(`${root}/${file}`, `${statements.join(';\n')};\n`)
console.log(`Catalogue ${seedVersion()}: ${statements.length} statements in ${file}`)

// Locally wrangler prints one result a statement, which nobody wants to read; remotely it may have to ask something.
const remote = options.includes('--remote')
const wrangler = fileURLToPath(new URL('../node_modules/wrangler/bin/wrangler.js', import.meta.url))
const run = spawnSync(process.execPath, [wrangler, 'd1', 'execute', 'DB', '--file', file, '--yes', ...options], {
  cwd: root,
  stdio: ['inherit', remote ? 'inherit' : 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: Number.POSITIVE_INFINITY,
})
if (run.status !== 0 && run.stdout) process.stdout.write(run.stdout)
process.exit(run.status ?? 1)
