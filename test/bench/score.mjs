// How much of the recorded traffic comes out right, as a table a provider and API: `npm run score`. What is left out,
// and what fails, is listed below it. `npm run score -- --verbose` lists every recording that is left out.

import { allRecordings, haveRecordings } from '../providers/recordings.ts'
import { replay } from '../support/recorded/replay.ts'
import { apiOf } from '../support/recorded/scope.ts'

if (!haveRecordings) {
  console.log('There are no recordings: put them at ../shared/fixtures or name their folder in FIXTURES_DIR.')
  process.exit(0)
}

const verdicts = allRecordings().map(replay)
const rows = Map.groupBy(verdicts, ({ recording }) => `${recording.provider} · ${apiOf(recording)}`)
console.log(`${'provider · api'.padEnd(48)} passed  total  left out`)
for (const [name, group] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(line(name, group))
console.log(line('all', verdicts))

console.log('\nLeft out')
const outside = verdicts.filter((verdict) => verdict.leftOut !== null)
for (const [name, group] of Map.groupBy(outside, (verdict) => `${verdict.recording.api}: ${verdict.leftOut}`)) {
  console.log(`${String(group.length).padStart(5)}  ${name}`)
  if (process.argv.includes('--verbose')) for (const { recording } of group) console.log(`         ${recording.id}`)
}

const failed = verdicts.filter(({ faults }) => faults.length > 0)
if (failed.length > 0) console.log('\nFailed')
for (const { recording, faults } of failed) console.log(`  ${recording.id}\n    ${faults.join('\n    ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

function line(name, group) {
  const total = group.filter((verdict) => verdict.leftOut === null)
  const passed = total.filter(({ faults }) => faults.length === 0)
  const numbers = [passed.length, total.length, group.length - total.length]
  return `${name.padEnd(48)} ${numbers.map((number) => String(number).padStart(6)).join(' ')}`
}
