// `npm run bench`: the gateway as it is deployed, in raw workerd beside a bare pass-through Worker and the floors that no
// gateway of this design can get below; all figures in one run, as ratios. Trust these before absolute figures: all are
// measured in short slices that alternate, and a ratio is taken within a round before the median over rounds.
//
//   npm run bench -- [--rounds 3] [--seconds 1] [--only requests16,streams100] [--also name=bundle] [--json file]
//     [--markdown]
//
// `--also` measures another bundle with the same bindings in the same run: what a change costs or gains. `--markdown`
// prints the tables of BENCHMARKS.md.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { buildWorker } from '../../scripts/build-worker.mjs'
import { ask, bare, direct, gateway, least, loop } from './contestants.mjs'
import { startDatabase } from './database.mjs'
import { median } from './figures.mjs'
import { planTimes } from './plan.mjs'
import { makeRoom } from './raw-workerd.mjs'
import { report } from './report.mjs'
import { storageCalls } from './storage-calls.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] },
    markdown: { type: 'boolean', default: false },
  },
})

/**
 * One slice a contestant and round each; `keys` spreads the requests over so many API keys. `grown` ones are measured with
 * the grown catalogue too, and what is measured `once` is so in the first round only.
 */
const scenarios = {
  requests16: { upstream: 'bench-s256', connections: 16, grown: true },
  requests64: { upstream: 'bench-s256', connections: 64, grown: true },
  keys64: { upstream: 'bench-s256', connections: 64, keys: 64 },
  unhurried64: { upstream: 'bench-s256-d100', connections: 64, once: true },
  streams16: { upstream: 'bench-n50-g20', connections: 16, stream: true },
  streams100: { upstream: 'bench-n50-g20', connections: 100, stream: true },
  burst16: { upstream: 'bench-n200', connections: 16, stream: true },
}
/** One connection a contestant, asked in turn. */
const alternating = {
  request: { upstream: 'bench-s256', count: 300 },
  firstToken: { upstream: 'bench-n2-g1', stream: true, count: 200 },
}
const starts = 5
/** The compilers go on improving a gateway for some ten thousand requests: seconds of each, one after the other. */
const warmUp = [
  ['requests16', 4],
  ['keys64', 1],
  ['streams100', 2],
  ['burst16', 1],
  ['requests16', 3],
]
const grownEndpoints = 20_000
/** What isolates tell the health objects goes once a second; rows go to D1 a little later than that. */
const settledAfterMs = 1_000
const settledAtLatestAfterMs = 8_000

const only = options.only?.split(',')
const isWanted = (name) => only === undefined || only.includes(name)
const wanted = (all) => Object.entries(all).filter(([name]) => isWanted(name))
const takesPart = (contestant, scenario) =>
  contestant.answers(scenario) && (contestant.name !== 'grown' || scenario.grown === true)

makeRoom()
const directory = mkdtempSync(join(tmpdir(), 'causeway-bench-'))
const here = import.meta.dirname
const upstream = fork(join(here, 'upstream.mjs'))
const driver = fork(join(here, 'driver.mjs'))
const running = []
const databases = []
try {
  const [upstreamPort] = await once(upstream, 'message')
  const upstreamUrl = `http://127.0.0.1:${upstreamPort}/v1`
  const upstreamIds = [...Object.values(scenarios), ...Object.values(alternating)].map(({ upstream: id }) => id)
  const content = { upstreamIds: [...new Set(upstreamIds)], keys: 64 }
  databases.push(await startDatabase(content), await startDatabase({ ...content, endpoints: grownEndpoints }))
  const [database, grown] = databases
  const bundle = await buildWorker()
  const common = { directory, upstreamUrl, database }
  const scenariosAsked = [...wanted(scenarios), ...wanted(alternating)].map(([, scenario]) => scenario)
  const workers = [
    bare(common),
    loop(common),
    least(common),
    gateway({ ...common, name: 'ours', bundle }),
    gateway({ ...common, name: 'grown', bundle, database: grown }),
    ...options.also.map((text) => {
      const [name, path] = text.split('=')
      return gateway({ ...common, name, bundle: path })
    }),
  ].filter((contestant) => scenariosAsked.some((scenario) => takesPart(contestant, scenario)))
  const results = {
    contestants: [{ ...direct(), worker: { port: upstreamPort } }, ...workers],
    endpoints: { ours: database.endpoints, grown: grown.endpoints },
    planUs: planTimes(500),
    bundle: { bytes: readFileSync(bundle).length, gzipBytes: gzipSync(readFileSync(bundle)).length },
    storage: await storageCalls(gateway({ ...common, name: 'counting', bundle, counting: true }), 'bench-s256', driver),
    startMs: {},
    slices: {},
    alternating: {},
  }
  results.startMs = await startUps(workers)
  for (const contestant of workers) await warm(contestant)
  for (let round = 0; round < Number(options.rounds); round++) {
    await measureRound(results, round)
    process.stderr.write(`round ${round + 1} of ${options.rounds}\n`)
  }
  console.log(report(results, options))
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1))
} finally {
  for (const worker of running) await worker.stop()
  upstream.disconnect()
  driver.disconnect()
  for (const database of databases) database.close()
  rmSync(directory, { recursive: true, force: true })
}

/**
 * Milliseconds from the start of the process to its first 200, the median of several, taken in turns. The last processes
 * go on running.
 */
async function startUps(contestants) {
  const took = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  for (let i = 0; i < starts; i++) {
    for (const contestant of contestants) {
      if (contestant.worker !== undefined) await contestant.worker.stop()
      const startedAt = performance.now()
      contestant.worker = await contestant.start()
      const first = contestant.answers(alternating.request) ? alternating.request : alternating.firstToken
      await ask(driver, { kind: 'alternate', targets: [targetOf(contestant, first)], count: 1 })
      took[contestant.name].push(performance.now() - startedAt)
      await sleep(200)
    }
  }
  running.push(...contestants.map(({ worker }) => worker))
  return Object.fromEntries(Object.entries(took).map(([name, times]) => [name, median(times)]))
}

function targetOf(contestant, scenario) {
  return { port: contestant.worker.port, requests: contestant.requests(scenario) }
}

/** Until the compilers of all have settled. Gateways hold their whole catalogue in memory from here on. */
async function warm(contestant) {
  if (contestant.settled !== undefined) {
    const list = await fetch(`http://127.0.0.1:${contestant.worker.port}/api/v1/models`)
    if (!list.ok) throw new Error(`no list of models: ${list.status}`)
    await list.arrayBuffer()
  }
  for (const [name, seconds] of warmUp) {
    const scenario = scenarios[name]
    if (!contestant.answers(scenario)) continue
    const { connections, stream } = scenario
    const target = targetOf(contestant, scenario)
    await ask(driver, { kind: 'load', target, connections, seconds, stagger: stream === true })
  }
  await sleep(settledAfterMs)
}

async function slice(contestant, scenario, seconds) {
  const cpuBeforeMs = contestant.worker.cpuMs()
  const rowsBefore = contestant.settled?.()
  const { connections, stream } = scenario
  const seen = await ask(driver, {
    kind: 'load',
    target: targetOf(contestant, scenario),
    connections,
    seconds,
    stagger: stream === true,
  })
  if (contestant.settled === undefined) await sleep(200)
  else await settle(contestant, rowsBefore + seen.requests)
  return { ...seen, cpuMs: contestant.worker.cpuMs() - cpuBeforeMs }
}

/** What goes on behind the answers is part of what they cost: the row of each one on its way to D1 most of all. */
async function settle({ name, settled }, rows) {
  const endedAt = performance.now()
  await sleep(settledAfterMs)
  while (settled() < rows && performance.now() < endedAt + settledAtLatestAfterMs) await sleep(50)
  if (settled() < rows) process.stderr.write(`${name}: ${rows - settled()} rows did not come in time\n`)
  // The object forgets what it sent.
  await sleep(200)
}

async function measureRound({ contestants, slices, alternating: alternated }, round) {
  for (const [name, scenario] of wanted(alternating)) {
    const those = contestants.filter((contestant) => takesPart(contestant, scenario))
    const targets = those.map((contestant) => targetOf(contestant, scenario))
    const seen = await ask(driver, { kind: 'alternate', targets, count: scenario.count })
    alternated[name] ??= []
    alternated[name].push(Object.fromEntries(those.map((contestant, i) => [contestant.name, seen[i]])))
  }
  for (const [name, scenario] of wanted(scenarios)) {
    if (scenario.once && round > 0) continue
    const seconds = Number(options.seconds) * (scenario.stream ? 1.5 : 1)
    const those = contestants.filter((contestant) => contestant.start !== undefined && takesPart(contestant, scenario))
    const one = {}
    for (let i = 0; i < those.length; i++) {
      const contestant = those[(i + round) % those.length]
      one[contestant.name] = await slice(contestant, scenario, seconds)
    }
    slices[name] ??= []
    slices[name].push(one)
  }
}
