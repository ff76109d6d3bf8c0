import { type Fault, hinted, type Mode, type Outcome } from './fault-table.ts'

const head = ['the upstream', 'alone, streamed', 'alone, whole', 'with a healthy second endpoint', 'charged', 'breaker']

/** The table of the README's section "Reliability", as the formatter has it: a row a fault; statuses that come to the same share one. */
export function reliabilityTable(faults: readonly Fault[]): string {
  const rows: string[][] = []
  for (const fault of faults) {
    const cells = cellsOf(fault)
    const alike = rows.find(([name, ...others]) => isStatus(fault.name) && isStatus(name) && `${others}` === `${cells}`)
    if (alike) alike[0] = joined(alike[0] ?? '', fault.name)
    else rows.push([nameOf(fault), ...cells])
  }
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function cellsOf(fault: Fault): string[] {
  const { outcome } = fault
  return [
    seenIn('streamed', fault),
    seenIn('whole', fault),
    withSecond(outcome),
    outcome.kind === 'error' ? 'nothing' : 'as metered',
    breakers[outcome.breaker],
  ]
}

const breakers = { counts: 'counts', pause: 'pause', none: '–' }

function isStatus(name: string | undefined): boolean {
  return /^\d{3}(,|$| with Retry-After)/.test(name ?? '')
}

/** `401 with Retry-After` adds nothing to `401`. */
function joined(names: string, name: string): string {
  const plain = name.replace(hinted, '')
  return plain !== name && names.includes(plain) ? names : `${names}, ${name}`
}

function nameOf({ name, wires }: Fault): string {
  return wires.length === 1 ? `${name} (${wires[0]})` : name
}

function seenIn(mode: Mode, { modes, outcome, pace }: Fault): string {
  if (!modes.includes(mode)) return ''
  if (outcome.kind === 'answer') return 'the answer'
  if (outcome.said !== '') return `what was said, then error ${outcome.code}`
  if (mode === 'streamed' && pace === 'slow') return `keep-alives, then error ${outcome.code}`
  return outcome.retryAfter === null ? `${outcome.code}` : `${outcome.code} with Retry-After`
}

function withSecond(outcome: Outcome): string {
  if (outcome.kind === 'answer') return 'not needed'
  if (outcome.said !== '') return 'not asked: no replay'
  return outcome.recovers ? 'answers' : 'not asked: the same there'
}
