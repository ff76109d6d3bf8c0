// Who is measured: going direct, the bare Worker, the least that a gateway must do beside it, this gateway, and others.

import { once } from 'node:events'
import { join } from 'node:path'
import { providerVariables } from './database.mjs'
import { readWranglerConfig, startWorker } from './raw-workerd.mjs'

const here = import.meta.dirname
const wranglerConfig = readWranglerConfig(join(here, '../../wrangler.toml'))
const filler =
  'You are a careful assistant. Answer in the style of a short technical note, and keep to the facts given. '

/** A chat request of about a kilobyte, as text of HTTP. */
export function requestFor({ model, stream, path, key }) {
  const prompt = filler.repeat(10)
  const body = JSON.stringify({
    model,
    messages: [
      { role: 'system', content: prompt.slice(0, 512) },
      { role: 'user', content: prompt.slice(512, 1024) },
    ],
    temperature: 0.2,
    max_tokens: 512,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  })
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: gateway.local',
    'User-Agent: bench',
    'Content-Type: application/json',
    `Authorization: Bearer ${key}`,
    `Content-Length: ${body.length}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(options: { upstream: string, stream?: boolean, keys?: number }) => string[]} requests
 * @property {() => Promise<Awaited<ReturnType<typeof startWorker>>>} [start] missing where there is no process
 * @property {(options: { stream?: boolean }) => boolean} answers
 * @property {() => number} [settled] rows that came of its answers so far; missing where no work goes on behind them
 */

/** @returns {Contestant} */
export function direct() {
  const requests = ({ upstream, stream, keys = 1 }) =>
    Array.from({ length: keys }, (_, index) =>
      requestFor({ model: upstream, stream, path: '/v1/chat/completions', key: `sk-upstream-${index}` }),
    )
  return { name: 'direct', requests, answers: () => true }
}

/** @returns {Contestant} */
export function bare(common) {
  return { ...direct(), name: 'bare', start: starterOf('bare', common) }
}

/** @returns {Contestant} the bare Worker whose JavaScript sees every chunk: the floor of streams */
export function loop(common) {
  return { ...bare(common), name: 'loop', answers: ({ stream }) => stream === true, start: starterOf('loop', common) }
}

/** @returns {Contestant} what this gateway's promises cost without a gateway: the floor of requests */
export function least(common) {
  const { compatibility_date, compatibility_flags } = wranglerConfig
  const durable_objects = { bindings: [{ name: 'LEAST', class_name: 'LeastObject' }] }
  const start = starterOf('least', { ...common, config: { compatibility_date, compatibility_flags, durable_objects } })
  return { ...bare(common), name: 'least', answers: ({ stream }) => stream !== true, start }
}

function starterOf(name, { directory, upstreamUrl, config }) {
  let starts = 0
  return () =>
    startWorker({
      directory: join(directory, `${name}-${++starts}`),
      modules: { 'index.js': join(here, `${name}-worker.js`) },
      variables: { UPSTREAM: upstreamUrl },
      config,
    })
}

/** @returns {Contestant} the Worker of a bundle, everything on; `counting` wraps its ways to storage */
export function gateway({ name, bundle, directory, upstreamUrl, database, counting = false }) {
  const config = wranglerConfig
  const modules = { 'index.js': bundle }
  let starts = 0
  return {
    name,
    answers: () => true,
    settled: database.generations,
    requests: ({ upstream, stream, keys = 1 }) =>
      database.keys
        .slice(0, keys)
        .map((key) => requestFor({ model: `bench/${upstream}`, stream, path: '/api/v1/chat/completions', key })),
    start: () =>
      startWorker({
        directory: join(directory, `${name}-${++starts}`),
        modules: counting ? { 'entry.js': join(here, 'counting-worker.js'), ...modules } : modules,
        variables: { ENVIRONMENT: 'development', ...providerVariables(upstreamUrl) },
        config,
        databasePort: database.port,
      }),
  }
}

/** One answer of a job, from a child process that takes one at a time. */
export async function ask(child, job) {
  child.send(job)
  const [answer] = await once(child, 'message')
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}
