import { parseArgs } from 'node:util'
import { faults } from './fault-table.ts'
import { allCells, openMatrix, playAll } from './matrix.ts'
import { reliabilityTable } from './reliability-table.ts'
import { jsonOf, lineOf, summaryOf } from './report.ts'
import { wires } from './speech.ts'

// `npm run chaos`: plays the whole fault matrix against the built Worker, prints it, and exits 1 where a promise was
// not kept.

const { values } = parseArgs({
  options: {
    fault: { type: 'string' },
    wire: { type: 'string' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
  },
})

if (values.markdown) {
  console.log(reliabilityTable(faults))
  process.exit(0)
}
if (values.wire !== undefined && !wires.some((wire) => wire === values.wire)) {
  console.error(`No wire "${values.wire}": ${wires.join(', ')}.`)
  process.exit(2)
}
const wanted = values.fault?.toLowerCase() ?? ''
const cells = allCells().filter(
  ({ fault, wire }) => fault.name.toLowerCase().includes(wanted) && (values.wire ?? wire) === wire,
)
if (cells.length === 0) {
  console.error(`No fault "${values.fault}": ${faults.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}

const matrix = await openMatrix(cells)
const startedAt = Date.now()
const played = await playAll(matrix, cells, (one) => {
  if (!values.json) console.log(lineOf(one))
})
const tookMs = Date.now() - startedAt
await matrix.stop()
console.log(values.json ? JSON.stringify(jsonOf(played), null, 2) : summaryOf(played, tookMs))
process.exit(played.some(({ misses }) => misses.length > 0) ? 1 : 0)
