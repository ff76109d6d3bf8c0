// What hedging does to the tail: `node test/bench/hedge.mjs [--seconds 40] [--rate 20] [--after p95] [--spikes 0.05]`.
// The built Worker in front of two providers of one model, whose time to the first token is some 100 ms and ten times that
// for one call in twenty. Streams at an even rate, first without hedging, then with it. Aims: p99 of the time to the first
// token at most 0.6 of what it is without, cost at most 5 % more.

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { completionEvents, eventStream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { startWorker } from '../support/running-worker.ts'
import { table } from './figures.mjs'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    rate: { type: 'string', default: '20' },
    after: { type: 'string', default: 'p95' },
    spikes: { type: 'string', default: '0.05' },
  },
})
const [seconds, rate, spikes] = [Number(options.seconds), Number(options.rate), Number(options.spikes)]
// On record as not billing what is cancelled.
const providers = ['deepinfra', 'friendli']
const model = 'test/spiky'
/** A long prompt and a short answer, as most are. */
const usage = { prompt_tokens: 2_000, completion_tokens: 300, total_tokens: 2_300 }

function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
}

const upstream = await startUpstream(() => {
  const usualMs = 100 * Math.exp(0.25 * normal())
  const waitMs = Math.random() < spikes ? 10 * usualMs : usualMs
  const [role, ...rest] = completionEvents(['Hello', ' there'])
  const metered = rest.map((event) => event.replace(/"usage":\{[^}]*\}/, `"usage":${JSON.stringify(usage)}`))
  return eventStream([role, { waitMs }, ...metered])
})
const worker = await startWorker({ vars: reachedAt(upstream.url, providers) })
await addEndpoints(
  worker.database,
  providers.map((provider) => ({ provider, model, promptUsd: '0.000003', completionUsd: '0.000015' })),
)
const { key } = await worker.createKey({ rate_limit: { requests: 0 } })

/** Milliseconds to the first content, and US dollars. */
async function ask(hedge) {
  const since = performance.now()
  const response = await fetch(`${worker.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      stream: true,
      provider: { hedge },
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  let text = ''
  let firstTokenMs = null
  const decoder = new TextDecoder()
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true })
    if (firstTokenMs === null && text.includes('"Hello"')) firstTokenMs = performance.now() - since
  }
  if (firstTokenMs === null) throw new Error(`no answer: ${response.status} ${text}`)
  return { firstTokenMs, costUsd: Number(/"cost":([\d.e-]+)/.exec(text)?.[1]) }
}

async function measure(hedge) {
  const calls = upstream.requests.length
  const asking = []
  const since = performance.now()
  for (let index = 0; index < seconds * rate; index++) {
    await sleep(Math.max(0, since + (index * 1000) / rate - performance.now()))
    asking.push(ask(hedge))
  }
  const answers = await Promise.all(asking)
  const times = answers.map(({ firstTokenMs }) => firstTokenMs).sort((a, b) => a - b)
  const at = (share) => times[Math.ceil(share * times.length) - 1]
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    costUsd: answers.reduce((sum, { costUsd }) => sum + costUsd, 0) / answers.length,
    calls: (upstream.requests.length - calls) / answers.length,
  }
}

try {
  // A cold start, and a latency that the percentile can be taken of.
  for (let index = 0; index < 10; index++) await ask(null)
  const direct = await measure(null)
  // Snapshots of health are up to ten seconds old.
  await sleep(2_000)
  const hedge = /^p\d+$/.test(options.after) ? { after: options.after } : { after_ms: Number(options.after) }
  const hedged = await measure(hedge)
  const row = (name, pick, digits, aim = '') => [
    name,
    pick(direct).toFixed(digits),
    pick(hedged).toFixed(digits),
    (pick(hedged) / pick(direct)).toFixed(2),
    aim,
  ]
  console.log(
    table(
      [`${seconds * rate} requests each, hedged after ${options.after}`, 'direct', 'hedged', 'ratio', 'aim'],
      [
        row('First token, p50, ms', ({ p50 }) => p50, 0),
        row('First token, p95, ms', ({ p95 }) => p95, 0),
        row('First token, p99, ms', ({ p99 }) => p99, 0, '0.6'),
        row('Cost a request, US dollars', ({ costUsd }) => costUsd, 5, '1.05'),
        row('Upstream calls a request', ({ calls }) => calls, 3, '1.1'),
      ],
    ),
  )
} finally {
  await worker.stop()
  await upstream.stop()
}
