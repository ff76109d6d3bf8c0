// `npm test`: every test, and as the last line how many passed and failed. Further arguments go to vitest.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const directory = await mkdtemp(join(tmpdir(), 'causeway-test-'))
const report = join(directory, 'report.json')

const code = await run([
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
])
const counts = await readFile(report, 'utf8').then(JSON.parse, () => null)
await rm(directory, { recursive: true, force: true })

if (counts === null) {
  console.log('0 passed, 1 failed')
  process.exit(code || 1)
}
// A file that could not even be loaded has no tests to count, but it is a failure.
const broken = counts.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.length,
)
// An error outside of every test fails the run without failing one.
const failed = Math.max(counts.numFailedTests + broken.length, code === 0 ? 0 : 1)
const skipped = counts.numPendingTests + counts.numTodoTests
console.log(`${counts.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(code)

function run(parameters) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, parameters, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('close', (status) => resolve(status ?? 1))
  })
}
