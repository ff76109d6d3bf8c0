import { afterEach, describe, expect, it } from 'vitest'
import { expectErrorEnvelope } from '../support/chat-wire.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

let worker: RunningWorker | undefined
afterEach(async () => {
  await worker?.stop()
  worker = undefined
})

const toldIn = ({ logs }: RunningWorker) => logs.filter((line) => line.includes('has to be'))

describe('a Worker with a value that it does not take', () => {
  it('says so on its log once, whatever the number of requests, and answers with the default', async () => {
    worker = await startWorker({ vars: { MAX_BODY_BYTES: 'lots', AUTO_ROUTER_TIERS: '{"low": ["a/b"' } })
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${worker.url}/api/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${worker.apiKey}` },
        body: JSON.stringify({ model: 'openrouter/auto', messages: [{ role: 'user', content: 'Hello' }] }),
      })
      expect(response.status).toBe(200)
      await response.text()
    }
    expect(toldIn(worker)).toEqual([
      expect.stringMatching(/^AUTO_ROUTER_TIERS is "\{/),
      'MAX_BODY_BYTES is "lots", but has to be a whole number of bytes from 1 to 9007199254740991. Used instead: 20971520.',
    ])
  })

  it.each([
    [{ REGION: 'mars' }, 'its variable REGION has to be "global" or "eu".'],
    [{ STATE_JURISDICTION: 'mars' }, 'its variable STATE_JURISDICTION has to be empty or "eu".'],
    [
      { ENVIRONMENT: 'production', REGION: 'eu' },
      'its variable STATE_JURISDICTION has to be "eu" where REGION is "eu".',
    ],
  ])('refuses every request where nothing is safe: %j', async (vars: Record<string, string>, words) => {
    worker = await startWorker({ vars })
    for (const path of ['/api/v1/models', '/', '/health']) {
      const response = await fetch(`${worker.url}${path}`)
      expect(response.status).toBe(503)
      const body = (await response.json()) as { error: { message: string } }
      expectErrorEnvelope(503, body)
      expect(body.error.message).toBe(`This deployment cannot answer: ${words}`)
    }
    expect(toldIn(worker)).toHaveLength(1)
  })
})
