import { type Fault, hinted, type Mode, type Outcome } from './fault-table.ts'

const columns = [
  'the upstream',
  'alone, streamed',
  'alone, whole',
  'with a healthy second endpoint',
  'charged',
  'breaker',
]

/** The table of the README's section "Reliability": what the faults are promised to come to; rows that say the same are one. */
export function reliabilityTable(faults: readonly Fault[]): string {
  const rows = new Map<string, string[]>()
  for (const fault of faults) {
    const { outcome } = fault
    const cells = [
      seenIn('streamed', fault),
      seenIn('whole', fault),
      withSecond(outcome),
      outcome.kind === 'error' ? 'nothing' : 'as metered',
      breakers[outcome.breaker],
    ]
    const says = cells.join(' | ')
    rows.set(says, [...(rows.get(says) ?? []), nameOf(fault)])
  }
  return [
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...[...rows].map(([says, names]) => `| ${withoutHints(names).join('; ')} | ${says} |`),
  ].join('\n')
}

const breakers = { counts: 'counts', pause: 'pause', none: '–' }

function nameOf({ name, wires }: Fault): string {
  return wires.length === 1 ? `${name} (${wires[0]})` : name
}

/** `401 with Retry-After` says nothing where `401` says the same. */
function withoutHints(names: readonly string[]): string[] {
  return names.filter((name) => !hinted.test(name) || !names.includes(name.replace(hinted, '')))
}

function seenIn(mode: Mode, { modes, outcome, pace }: Fault): string {
  if (!modes.includes(mode)) return '–'
  if (outcome.kind === 'answer') return 'the answer'
  if (outcome.said !== '') return `what was said, then error ${outcome.code}`
  if (mode === 'streamed' && pace === 'slow') return `keep-alives, then error ${outcome.code}`
  return outcome.retryAfter === null ? `${outcome.code}` : `${outcome.code}, its \`Retry-After\``
}

function withSecond(outcome: Outcome): string {
  if (outcome.kind === 'answer') return 'not needed'
  if (outcome.said !== '') return 'not asked: no replay'
  return outcome.recovers ? 'answers' : 'not asked: the same there'
}
