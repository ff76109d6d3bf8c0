// `npm run bench`: the gateway as it is deployed, in raw workerd beside a bare pass-through Worker; all figures in one
// run, as ratios. Trust these before absolute figures: both are measured in short slices that alternate, and a ratio is
// taken within a round before the median over rounds.
//
//   node test/bench/run.mjs [--rounds 5] [--seconds 2] [--only requests16,streams100] [--json file] [--also name=bundle]
//
// `--also` measures another bundle with the same bindings in the same run: what a change costs or gains.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { buildWorker } from '../../scripts/build-worker.mjs'
import { ask, bare, direct, gateway } from './contestants.mjs'
import { startDatabase } from './database.mjs'
import { median } from './figures.mjs'
import { makeRoom } from './raw-workerd.mjs'
import { report } from './report.mjs'
import { storageCalls } from './storage-calls.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    json: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] },
  },
})

/** One slice a contestant and round each; `keys` spreads the requests over so many API keys. */
const scenarios = {
  requests16: { upstream: 'bench-s256', connections: 16 },
  requests64: { upstream: 'bench-s256', connections: 64 },
  keys64: { upstream: 'bench-s256', connections: 64, keys: 64 },
  unhurried64: { upstream: 'bench-s256-d100', connections: 64 },
  streams16: { upstream: 'bench-n50-g20', connections: 16, stream: true },
  streams100: { upstream: 'bench-n50-g20', connections: 100, stream: true },
  burst16: { upstream: 'bench-n200', connections: 16, stream: true },
}
/** One connection a contestant, asked in turn. */
const alternating = {
  request: { upstream: 'bench-s256', count: 300 },
  firstToken: { upstream: 'bench-n2-g1', stream: true, count: 200 },
}
const starts = 11
/** Settled rows go to D1 a moment after the last request, and that is part of what a request costs. */
const settledAfterMs = 2_200

makeRoom()
const directory = mkdtempSync(join(tmpdir(), 'causeway-bench-'))
const here = import.meta.dirname
const upstream = fork(join(here, 'upstream.mjs'))
const driver = fork(join(here, 'driver.mjs'))
const running = []
let database
try {
  const [upstreamPort] = await once(upstream, 'message')
  const upstreamUrl = `http://127.0.0.1:${upstreamPort}/v1`
  const upstreamIds = [...Object.values(scenarios), ...Object.values(alternating)].map(({ upstream: id }) => id)
  database = await startDatabase({ upstreamIds: [...new Set(upstreamIds)], keys: 64 })
  const bundle = await buildWorker()
  const common = { directory, upstreamUrl, database }
  const results = {
    contestants: [
      { ...direct(), worker: { port: upstreamPort } },
      bare(common),
      gateway({ ...common, name: 'ours', bundle }),
      ...options.also.map((text) => {
        const [name, path] = text.split('=')
        return gateway({ ...common, name, bundle: path })
      }),
    ],
    bundle: { bytes: readFileSync(bundle).length, gzipBytes: gzipSync(readFileSync(bundle)).length },
    storage: await storageCalls(gateway({ ...common, name: 'counting', bundle, counting: true }), 'bench-s256', driver),
    startMs: {},
    slices: {},
    alternating: {},
  }
  const workers = results.contestants.filter(({ start }) => start !== undefined)
  results.startMs = await startUps(workers)
  for (const contestant of workers) await warm(contestant)
  for (let round = 0; round < Number(options.rounds); round++) {
    await measureRound(results, workers, round)
    process.stderr.write(`round ${round + 1} of ${options.rounds}\n`)
  }
  console.log(report(results, options))
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1))
} finally {
  for (const worker of running) await worker.stop()
  upstream.disconnect()
  driver.disconnect()
  database?.close()
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
      await ask(driver, { kind: 'alternate', targets: [targetOf(contestant, alternating.request)], count: 1 })
      took[contestant.name].push(performance.now() - startedAt)
      await sleep(settledAfterMs / 10)
    }
  }
  running.push(...contestants.map(({ worker }) => worker))
  return Object.fromEntries(Object.entries(took).map(([name, times]) => [name, median(times)]))
}

function targetOf(contestant, scenario) {
  return { port: contestant.worker.port, requests: contestant.requests(scenario) }
}

/** Until the compilers of both sides have settled. */
async function warm(contestant) {
  for (const name of ['requests16', 'keys64', 'streams100', 'burst16', 'requests16']) {
    await slice(contestant, scenarios[name], 1.5)
  }
}

async function slice(contestant, scenario, seconds) {
  const before = contestant.worker.cpuMs()
  const { connections, stream } = scenario
  const seen = await ask(driver, {
    kind: 'load',
    target: targetOf(contestant, scenario),
    connections,
    seconds,
    stagger: stream === true,
  })
  await sleep(contestant.settles ? settledAfterMs : 100)
  return { ...seen, cpuMs: contestant.worker.cpuMs() - before }
}

async function measureRound({ contestants, slices, alternating: alternated }, workers, round) {
  const only = options.only?.split(',')
  const wanted = (name) => only === undefined || only.includes(name)
  for (const [name, scenario] of Object.entries(alternating).filter(([name]) => wanted(name))) {
    const targets = contestants.map((contestant) => targetOf(contestant, scenario))
    const seen = await ask(driver, { kind: 'alternate', targets, count: scenario.count })
    alternated[name] ??= []
    alternated[name].push(Object.fromEntries(contestants.map((contestant, i) => [contestant.name, seen[i]])))
  }
  for (const [name, scenario] of Object.entries(scenarios).filter(([name]) => wanted(name))) {
    const seconds = Number(options.seconds) * (scenario.stream ? 1.5 : 1)
    const one = {}
    for (let i = 0; i < workers.length; i++) {
      const contestant = workers[(i + round) % workers.length]
      one[contestant.name] = await slice(contestant, scenario, seconds)
    }
    slices[name] ??= []
    slices[name].push(one)
  }
}
