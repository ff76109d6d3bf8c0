import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatClient } from '../support/chat-client.ts'
import { chat, completionEvents, eventStream, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'
import { runtimes } from '../support/runtimes.ts'

// On this machine a deploy is a new process over the same storage, harsher than Cloudflare's: there running streams go
// on in the old version for a while, and only the objects are replaced at once (test/objects/faults-inside.test.ts).

const [role = '', first = ''] = completionEvents(['one '])
let stateDir: string
let upstream: MockUpstream
let worker: RunningWorker

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'causeway-deploy-'))
  upstream = await startUpstream((request) =>
    providerOfPath(request.path) === 'endless' ? eventStream([role, first, 'hang']) : chat(request, ['Hello']),
  )
  worker = await start()
  await addEndpoints(worker.database, [
    { provider: 'acme', model: 'test/chat' },
    { provider: 'endless', model: 'test/endless' },
  ])
})
afterAll(async () => {
  await worker?.stop().catch(() => {})
  await upstream?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

function start(): Promise<RunningWorker> {
  return startWorker({ stateDir, vars: reachedAt(upstream.url, ['acme', 'endless']) })
}

const replacements: [string, () => Promise<void>][] = [
  ['politely', () => worker.stop()],
  [
    'by a crash',
    async () => {
      for (const pid of runtimes()) process.kill(pid, 'SIGKILL')
      await worker.stop().catch(() => {})
    },
  ],
]

describe('the Worker, replaced in the middle of streams', () => {
  it.each(replacements)(
    '%s: no stream ends as if it were whole, no row is lost or doubled, and windows go on',
    async (manner, replace) => {
      const { key, hash } = await worker.createKey({ rate_limit: { requests: 5, interval: '60s' } })
      const client = chatClient(worker.url, key)
      const ids: string[] = []
      for (let i = 0; i < 3; i++) ids.push((await client.whole({ model: 'test/chat' })).body.id)
      const running = await Promise.all(
        [1, 2].map(async () => {
          const response = await client.post({ model: 'test/endless', stream: true })
          const id = response.headers.get('x-generation-id') ?? ''
          const reader = (response.body as ReadableStream<Uint8Array>).getReader()
          let text = new TextDecoder().decode((await reader.read()).value)
          const end = (async () => {
            for (;;) {
              const { done, value } = await reader.read()
              if (done) return 'closed'
              text += new TextDecoder().decode(value)
            }
          })().catch(() => 'reset')
          return { id, end: end.then((how) => ({ how, text })) }
        }),
      )
      // A settled row is on disk when its answer's settlement was, some 100 ms later.
      await new Promise((resolve) => setTimeout(resolve, 300))
      await replace()
      for (const { end } of running) {
        const { how, text } = await end
        expect(text).toContain('one ')
        expect(how === 'reset' || text.includes('"finish_reason":"error"'), `${how}: ${text}`).toBe(true)
      }
      worker = await start()
      expect((await chatClient(worker.url, key).whole({ model: 'test/chat' })).status).toBe(429)
      const rows = async () =>
        (
          await worker.database
            .prepare('SELECT id, cancelled, cost_nano_usd AS cost FROM generations WHERE key_hash = ?')
            .bind(hash)
            .all<{ id: string; cancelled: number; cost: number }>()
        ).results
      const expected = manner === 'politely' ? [...ids, ...running.map(({ id }) => id)] : ids
      await expect
        .poll(async () => (await rows()).map(({ id }) => id).sort(), { timeout: 15_000, interval: 250 })
        .toEqual([...expected].sort())
      for (const row of await rows()) {
        if (ids.includes(row.id)) expect(row).toMatchObject({ cancelled: 0, cost: 13_000 })
        else expect(row.cancelled).toBe(1)
      }
      const spent = (await rows()).reduce((sum, { cost }) => sum + cost, 0)
      const described = (await (
        await fetch(`${worker.url}/api/v1/key`, { headers: { authorization: `Bearer ${key}` } })
      ).json()) as { data: { usage: number } }
      expect(described.data.usage).toBeCloseTo(spent / 1e9, 12)
    },
  )
})
