import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fixed, median, spread, table } from './figures.mjs'
import { gatewayCore, workerd } from './raw-workerd.mjs'

const kibibyte = 1024

/** What a run measured, in words. */
export function report({ contestants, slices, alternating, startMs, bundle, storage }, { rounds, seconds }) {
  const names = contestants.map(({ name }) => name).filter((name) => name !== 'direct')
  const gateways = names.filter((name) => name !== 'bare')
  const rows = []

  /** `of(round, name)` is one contestant's figure in one round. */
  const row = (what, all, of, { digits = 0, aim = null, difference = false, atLeast = false } = {}) => {
    if (all === undefined) return
    const figures = (name) => all.map((round) => of(round, name))
    const compared = gateways.map((name) => {
      const within = all.map((round) => {
        const [ours, bare] = [of(round, name), of(round, 'bare')]
        return difference ? ours - bare : ours / bare
      })
      return { value: median(within), spread: difference ? Number.NaN : spread(within) }
    })
    const [first] = compared
    const met = aim === null ? '' : (atLeast ? first.value >= aim : first.value <= aim) ? 'met' : 'missed'
    rows.push([
      what,
      ...names.map((name) => fixed(median(figures(name)), digits)),
      ...compared.map(({ value, spread: share }) => {
        const sign = difference ? (value < 0 ? '−' : '+') : '× '
        const doubt = Number.isFinite(share) ? ` ± ${fixed(share * 100, 0)} %` : ''
        return `${sign}${fixed(Math.abs(value), 2)}${doubt}`
      }),
      aim === null ? '' : `${atLeast ? '≥' : '≤'} ${difference ? '+' : '× '}${aim} ${met}`,
    ])
  }

  const perRequest = (round, name) => (round[name].cpuMs * 1000) / round[name].requests
  const perChunk = (round, name) => (round[name].cpuMs * 1000) / round[name].chunks
  const requestCost = (index, name) => {
    const round = slices.requests16?.[index]
    return round ? perRequest(round, name) / 1000 : Number.NaN
  }
  const marginal = slices.streams100?.map((round, index) =>
    Object.fromEntries(
      names.map((name) => {
        const { cpuMs, requests, chunks } = round[name]
        return [name, ((cpuMs - requests * requestCost(index, name)) * 1000) / chunks]
      }),
    ),
  )
  row('CPU a request, 16 connections, µs', slices.requests16, perRequest, { aim: 1.9 })
  row('CPU a request, 64 connections, µs', slices.requests64, perRequest)
  row('CPU a request, 64 connections with a key each, µs', slices.keys64, perRequest)
  row('CPU a streamed chunk, 100 streams 20 ms apart, µs', slices.streams100, perChunk, { digits: 1, aim: 2.2 })
  row('… without what its request costs, µs', marginal, (round, name) => round[name], { digits: 1, aim: 2.2 })
  row('CPU a chunk of a burst, 16 streams, µs', slices.burst16, perChunk, { digits: 1 })
  row('Requests a second on one core, 64 connections', slices.requests64, (round, name) => rate(round[name]), {
    aim: 0.5,
    atLeast: true,
  })
  const ms = { digits: 2, difference: true }
  row('First token, 1 stream, ms', alternating.firstToken, (round, name) => round[name].firstP50Ms, { ...ms, aim: 0.8 })
  row('First token, 16 streams, ms', slices.streams16, (round, name) => round[name].firstP50Ms, ms)
  row('First token, 100 streams, ms', slices.streams100, (round, name) => round[name].firstP50Ms, ms)

  const directMs = median((alternating.request ?? []).map((round) => round.direct.p50Ms))
  for (const [what, all] of [
    ['1 connection', alternating.request],
    ['16 connections', slices.requests16],
    ['64 connections', slices.requests64],
  ]) {
    row(`Added latency, ${what}, p50, ms`, all, (round, name) => round[name].p50Ms - directMs, ms)
    row(`Added latency, ${what}, p99, ms`, all, (round, name) => round[name].p99Ms - directMs, ms)
  }
  const unhurried = slices.unhurried64
  row('… 64 connections, upstream takes 100 ms, p50, ms', unhurried, (round, name) => round[name].p50Ms - 100, ms)
  row('… 64 connections, upstream takes 100 ms, p99, ms', unhurried, (round, name) => round[name].p99Ms - 100, ms)
  row('Start to first answer, ms', [startMs], (round, name) => round[name], { difference: true })

  const version = execFileSync(workerd, ['--version'], { encoding: 'utf8' }).trim()
  const pinned = gatewayCore === null ? 'nothing pinned to a core' : 'the measured Worker alone on one core'
  return [
    `${new Date().toISOString().slice(0, 16)}Z, ${version}, ${cpus().length} cores, ${pinned}, load ${loadavg()[0].toFixed(1)}.`,
    `Medians of ${rounds} rounds, ${seconds} s a slice; ratios and differences to the bare Worker are taken within a round.`,
    '',
    table(['', ...names, ...gateways.map((name) => `${name} to bare`), 'aim'], rows),
    '',
    `Going direct takes ${fixed(directMs, 2)} ms at the median, which is what latencies are added to. At 16 and 64`,
    'connections the one core is always busy, so that most of an added latency is waiting in line.',
    '',
    `Start to first answer: ${fixed(startMs.ours, 0)} ms, aim under 120.`,
    `Bundle: ${fixed(bundle.bytes / kibibyte, 1)} KiB minified, aim 400; ${fixed(bundle.gzipBytes / kibibyte, 1)} KiB gzipped, aim 120.`,
    `Storage round trips before the upstream call: ${storage.roundTrips} (${storage.awaited.join(', ')}); begun and not waited for: ${storage.inBackground.join(', ') || 'none'}.`,
  ].join('\n')
}

function rate({ requests, seconds }) {
  return requests / seconds
}
