import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fixed, median, spread, table } from './figures.mjs'
import { planAim } from './plan.mjs'
import { gatewayCore, workerd } from './raw-workerd.mjs'

const kibibyte = 1024

/**
 * What a run measured, in words: tables of Markdown and what is needed to read them.
 *
 * @param {object} results what `run.mjs` gathered
 * @param {{ rounds: string, seconds: string, markdown: boolean }} options with `markdown`, the tables of BENCHMARKS.md:
 *   no doubts, no explanations
 */
export function report(results, options) {
  const { alternating, planUs } = results
  const gateways = results.contestants.filter(({ name, settled }) => settled !== undefined && name !== 'grown')
  const [first = 'ours', ...others] = gateways.map(({ name }) => name)
  const doubt = (share) => (Number.isFinite(share) && !options.markdown ? ` ± ${fixed(share * 100, 0)} %` : '')
  const directMs = median((alternating.request ?? []).map((round) => round.direct.p50Ms))

  const parts = [
    taken(options),
    table(
      ['', 'bare', 'floor', first, ...others, `${first} to bare`, `${first} to floor`, ...others.map(toBare), 'aim'],
      costRows(results, { first, others, directMs, doubt }),
    ),
    catalogTable(results, doubt),
    table(
      ['`plan` over 200 endpoints', 'µs', 'aim'],
      Object.entries(planUs).map(([name, us]) => [name, fixed(us, 0), `≤ ${planAim} ${met(us <= planAim)}`]),
    ),
  ]
  return (options.markdown ? parts : parts.toSpliced(2, 0, explained(results, directMs))).join('\n\n')
}

const toBare = (name) => `${name} to bare`
const met = (isMet) => (isMet ? 'met' : 'missed')

function costRows({ slices, alternating, startMs, bundle, storage }, { first, others, directMs, doubt }) {
  const rows = []

  /** `of(round, name)` is one contestant's figure in one round; `floor` names the least of its kind. */
  const row = (what, all, of, { floor, digits = 0, aim = null, difference = false, atLeast = false } = {}) => {
    if (all === undefined) return
    const figure = (name) => fixed(median(all.map((round) => (round[name] ? of(round, name) : Number.NaN))), digits)
    const compared = (name, base) => {
      const within = all.flatMap((round) => {
        if (!round[name] || !round[base]) return []
        const [ours, least] = [of(round, name), of(round, base)]
        return difference ? ours - least : ours / least
      })
      return { value: median(within), share: difference ? Number.NaN : spread(within) }
    }
    const said = ({ value, share }) => {
      if (!Number.isFinite(value)) return ''
      const sign = difference ? (value < 0 ? '−' : '+') : '× '
      return `${sign}${fixed(Math.abs(value), 2)}${doubt(share)}`
    }
    const { value } = compared(first, 'bare')
    rows.push([
      what,
      figure('bare'),
      figure(floor),
      ...[first, ...others].map(figure),
      said(compared(first, 'bare')),
      said(compared(first, floor)),
      ...others.map((name) => said(compared(name, 'bare'))),
      aim === null
        ? ''
        : `${atLeast ? '≥' : '≤'} ${difference ? '+' : '× '}${aim} ${met(atLeast ? value >= aim : value <= aim)}`,
    ])
  }
  const own = (what, figure, aim, isMet) =>
    rows.push([what, '', '', figure, ...others.map(() => ''), '', '', ...others.map(() => ''), `${aim} ${met(isMet)}`])

  const [least, loop] = [{ floor: 'least' }, { floor: 'loop' }]
  // What a stream of `loop` costs before its first chunk was not measured by itself, but it is what `bare` does.
  const requestCostMs = (index, name) => {
    const round = slices.requests16?.[index]
    return round ? perRequest(round, name === 'loop' ? 'bare' : name) / 1000 : Number.NaN
  }
  const marginal = slices.streams100?.map((round, index) =>
    Object.fromEntries(
      Object.entries(round).map(([name, { cpuMs, requests, chunks }]) => [
        name,
        { us: ((cpuMs - requests * requestCostMs(index, name)) * 1000) / chunks },
      ]),
    ),
  )
  row('CPU a request, 16 connections, µs', slices.requests16, perRequest, { ...least, aim: 1.9 })
  row('CPU a request, 64 connections, µs', slices.requests64, perRequest, least)
  row('CPU a request, 64 connections with a key each, µs', slices.keys64, perRequest, least)
  row('CPU a streamed chunk, 100 streams 20 ms apart, µs', slices.streams100, perChunk, {
    ...loop,
    digits: 1,
    aim: 2.2,
  })
  row('… without what its request costs, µs', marginal, (round, name) => round[name].us, {
    ...loop,
    digits: 1,
    aim: 2.2,
  })
  row('CPU a chunk of a burst, 16 streams, µs', slices.burst16, perChunk, { ...loop, digits: 1 })
  row('Requests a second on one core, 64 connections', slices.requests64, perSecond, {
    ...least,
    aim: 0.5,
    atLeast: true,
  })
  const ms = { digits: 2, difference: true }
  const firstToken = (round, name) => round[name].firstP50Ms
  row('First token, 1 stream, ms', alternating.firstToken, firstToken, { ...ms, ...loop, aim: 0.8 })
  row('First token, 16 streams, ms', slices.streams16, firstToken, { ...ms, ...loop })
  row('First token, 100 streams, ms', slices.streams100, firstToken, { ...ms, ...loop })
  for (const [what, all] of [
    ['1 connection', alternating.request],
    ['16 connections', slices.requests16],
    ['64 connections', slices.requests64],
  ]) {
    // In a run without `request` nobody knows what to take off; the differences are the same.
    const base = Number.isFinite(directMs) ? directMs : 0
    row(`Added latency, ${what}, p50, ms`, all, (round, name) => round[name].p50Ms - base, { ...ms, ...least })
    row(`Added latency, ${what}, p99, ms`, all, (round, name) => round[name].p99Ms - base, { ...ms, ...least })
  }
  const unhurried = slices.unhurried64
  const late = { ...ms, ...least }
  row('… 64 connections, upstream takes 100 ms, p50, ms', unhurried, (round, name) => round[name].p50Ms - 100, late)
  row('… 64 connections, upstream takes 100 ms, p99, ms', unhurried, (round, name) => round[name].p99Ms - 100, late)

  const startup = startMs[first] ?? Number.NaN
  rows.push([
    'Start to first answer, ms',
    ...['bare', 'least', first, ...others].map((name) => fixed(startMs[name] ?? Number.NaN, 0)),
    ...['bare', 'least'].map((name) => (name in startMs ? `+${fixed(startup - startMs[name], 0)}` : '')),
    ...others.map(() => ''),
    `≤ 120 ${met(startup <= 120)}`,
  ])
  const [minified, gzipped] = [bundle.bytes / kibibyte, bundle.gzipBytes / kibibyte]
  own('Bundle, minified, KiB', fixed(minified, 1), '≤ 400', minified <= 400)
  own('Bundle, gzipped, KiB', fixed(gzipped, 1), '≤ 120', gzipped <= 120)
  own('Storage round trips before the upstream call', String(storage.roundTrips), '1', storage.roundTrips === 1)
  return rows
}

/** A request should not feel how large the catalogue is. */
function catalogTable({ slices, startMs, endpoints }, doubt) {
  const rounds = [...(slices.requests16 ?? []), ...(slices.requests64 ?? [])].filter((round) => round.grown)
  const ratios = rounds.map((round) => perRequest(round, 'grown') / perRequest(round, 'ours'))
  const line = (name) => [
    endpoints[name].toLocaleString('en'),
    fixed(median(rounds.map((round) => perRequest(round, name))), 0),
    fixed(startMs[name] ?? Number.NaN, 0),
  ]
  return table(
    ['endpoints in the catalogue', 'CPU a request, 16 and 64 connections, µs', 'start to first answer, ms'],
    [
      line('ours'),
      line('grown'),
      ['ratio', `× ${fixed(median(ratios), 2)}${doubt(spread(ratios))}`, `× ${fixed(startMs.grown / startMs.ours, 2)}`],
    ],
  )
}

function taken({ rounds, seconds, only }) {
  const version = execFileSync(workerd, ['--version'], { encoding: 'utf8' }).trim()
  const asked = [`--rounds ${rounds}`, `--seconds ${seconds}`, ...(only ? [`--only ${only}`] : [])]
  const alone = gatewayCore === null ? 'nothing pinned to a core' : 'the measured Worker alone on one'
  return [
    `Taken on ${new Date().toISOString().slice(0, 10)} with \`npm run bench -- ${asked.join(' ')}\`: ${version},`,
    `${cpus().length} cores, ${alone}, load ${loadavg()[0].toFixed(1)}; medians of the rounds.`,
  ].join('\n')
}

function explained({ storage }, directMs) {
  return [
    'Ratios and differences are taken within a round. Floor: of requests `least`, which does natively what this gateway',
    'promises and nothing else; of streams `loop`, the bare Worker whose JavaScript reads and writes each chunk.',
    `Going direct takes ${fixed(directMs, 2)} ms at the median, which is what latencies are added to. At 16 and 64 connections`,
    'the one core is always busy, so that most of an added latency is waiting in line.',
    `Before the upstream call a request awaits ${storage.awaited.join(', ')}; begun and not waited for: ${storage.inBackground.join(', ') || 'none'}.`,
  ].join('\n')
}

function perRequest(round, name) {
  return (round[name].cpuMs * 1000) / round[name].requests
}

function perChunk(round, name) {
  return (round[name].cpuMs * 1000) / round[name].chunks
}

function perSecond(round, name) {
  return round[name].requests / round[name].seconds
}
