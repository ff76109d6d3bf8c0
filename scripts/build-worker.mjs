// Bundles the Worker for local use with the very command that deploys it, unless the bundle is newer than its sources.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const outDirectory = join(root, '.wrangler/start')
// What goes into the bundle; `npm install` rewrites the last one.
const sources = ['src', 'wrangler.toml', 'package.json', 'node_modules/.package-lock.json']

/**
 * Builds into `.wrangler/start`. Safe to call from several processes at once: each builds for itself, the last one to
 * finish puts its bundle in place in one step.
 *
 * @param {string} entry the module that is the Worker, relative to the repository
 * @returns {Promise<string>} the path of the bundle, one ES module
 * @throws with wrangler's words when the build fails
 */
export function buildWorker(entry = 'src/index.ts') {
  const current = building.get(entry) ?? build(entry).finally(() => building.delete(entry))
  building.set(entry, current)
  return current
}

/** The builds that are under way in this process. */
const building = new Map()

async function build(entry) {
  const file = `${basename(entry, '.ts')}.js`
  const bundle = join(outDirectory, file)
  if ((await newest([...sources, entry])) < (await modifiedAt(bundle))) return bundle
  const startedAt = new Date()
  const scratch = join(root, `.wrangler/build-${process.pid}-${file}`)
  try {
    await run(['deploy', entry, '--dry-run', '--outdir', scratch])
    await mkdir(outDirectory, { recursive: true })
    // A source that changed while it was being bundled is newer than this, and builds again.
    await utimes(join(scratch, file), startedAt, startedAt)
    await rename(join(scratch, file), bundle)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return bundle
}

async function run(parameters) {
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true', NO_COLOR: '1' }
  try {
    await promisify(execFile)(process.execPath, [wrangler, ...parameters], { cwd: root, env, maxBuffer: 1 << 24 })
  } catch (error) {
    throw new Error(`The Worker could not be built.\n${error.stdout ?? ''}${error.stderr ?? ''}`.trim())
  }
}

/** Epoch milliseconds of the latest change below the paths; `Infinity` where one is missing. */
async function newest(paths) {
  const times = await Promise.all(
    paths.map(async (path) => {
      const full = join(root, path)
      if (!existsSync(full)) return Number.POSITIVE_INFINITY
      const below = (await stat(full)).isDirectory() ? await readdir(full, { recursive: true }) : []
      return Math.max(...(await Promise.all([full, ...below.map((name) => join(full, name))].map(modifiedAt))))
    }),
  )
  return Math.max(...times)
}

async function modifiedAt(path) {
  return existsSync(path) ? (await stat(path)).mtimeMs : 0
}
