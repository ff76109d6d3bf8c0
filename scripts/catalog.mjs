// npm run catalog: loads the catalogue into D1.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { seedStatements, seedVersion } from './seed-sql.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = '.wrangler/seed.sql'
const usage = `Usage:
  npm run catalog [-- options]   loads the catalogue into D1; changes nothing but what changed in it

Options:
  --local | --remote      the database on this machine (default), or on Cloudflare
  --env eu                that of the EU
  --persist-to DIR        where the local one is, and whatever else \`wrangler d1 execute\` takes`

const options = process.argv.slice(2)
if (options.some((option) => ['--help', '-h', 'help'].includes(option))) {
  console.log(usage)
  process.exit()
}
const [first] = options
if (first !== undefined && !first.startsWith('-')) {
  console.error(`There is no command "${first}".\n\n${usage}`)
  process.exit(1)
}
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
