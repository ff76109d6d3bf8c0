// `npm run bench`: the gateway as it is deployed, in raw workerd beside a bare pass-through Worker; all figures in one
// run, as ratios. Trust these before absolute figures: both sides are measured in short slices that alternate, and a
// ratio is taken within a round before the median over rounds.
//
//   node test/bench/run.mjs [--rounds 5] [--seconds 2] [--json file] [--also name=bundle.js]
//
// `--also` measures another bundle of the same bindings in the same run: what a change costs or gains.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { buildWorker } from '../../scripts/build-worker.mjs'
import { providerVariables, startDatabase } from './database.mjs'
import { fixed, median, spread, table } from './figures.mjs'
import { gatewayCore, makeRoom, readWranglerConfig, startWorker } from './raw-workerd.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    json: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)

const here = import.meta.dirname
const root = join(here, '../..')

/** Each is one slice a contestant and round. `keys` spreads the requests over so many API keys. */
const scenarios = {
  requests1: { upstream: 'bench-s256', connections: 1 },
  requests16: { upstream: 'bench-s256', connections: 16 },
  requests64: { upstream: 'bench-s256', connections: 64 },
  keys64: { upstream: 'bench-s256', connections: 64, keys: 64 },
  unhurried64: { upstream: 'bench-s256-d100', connections: 64 },
  streams16: { upstream: 'bench-n50-g20', connections: 16, stream: true },
  streams100: { upstream: 'bench-n50-g20', connections: 100, stream: true },
  burst16: { upstream: 'bench-n200', connections: 16, stream: true },
}
const only = options.only?.split(',')
const wanted = Object.entries(scenarios).filter(([name]) => only === undefined || only.includes(name))
const firstToken = { upstream: 'bench-n2-g1', stream: true }
const manyKeys = 64

/** Settled rows go to D1 a moment after the last request, and that is part of what a request costs. */
const settledAfterMs = 2_200
const startsMeasured = 5
