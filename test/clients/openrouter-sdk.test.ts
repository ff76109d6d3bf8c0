import { OpenRouter } from '@openrouter/sdk'
import * as errors from '@openrouter/sdk/models/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chat,
  completionEvents,
  error,
  eventStream,
  type MockUpstream,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]

let upstream: MockUpstream
let worker: RunningWorker
let client: OpenRouter
let management: OpenRouter

beforeAll(async () => {
  upstream = await startUpstream((request) => {
    switch (providerOfPath(request.path)) {
      case 'limited':
        return error(429, 'slow down', { 'retry-after': '3' })
      case 'cut':
        return eventStream([...completionEvents(['Hello ']).slice(0, 2), 'fin'])
      default:
        return chat(request, ['Hello ', 'there'])
    }
  })
  worker = await startWorker({ vars: reachedAt(upstream.url, ['sound', 'limited', 'cut']) })
  await addEndpoints(
    worker.database,
    ['sound', 'limited', 'cut'].map((provider) => ({ provider, model: `test/${provider}` })),
  )
  client = clientOf((await worker.createKey({ rate_limit: { requests: 0 } })).key)
  management = clientOf(worker.managementKey)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

function clientOf(apiKey: string): OpenRouter {
  return new OpenRouter({
    apiKey,
    serverURL: `${worker.url}/api/v1`,
    appTitle: 'Test',
    httpReferer: 'https://app.example',
    retryConfig: { strategy: 'none' },
  })
}

describe('the official SDK', () => {
  it('gets an answer and its generation', async () => {
    const answer = await client.chat.send({ chatRequest: { model: 'test/sound', messages } })
    if (!('choices' in answer)) throw new Error('a whole answer was asked for')
    expect(answer.choices[0]?.message.content).toBe('Hello there')
    expect(answer.usage).toMatchObject({ promptTokens: 7, completionTokens: 3 })
    const { data } = await client.generations.getGeneration({ id: answer.id })
    expect(data).toMatchObject({
      id: answer.id,
      model: 'test/sound',
      providerName: 'sound',
      tokensPrompt: 7,
      tokensCompletion: 3,
      totalCost: 0.000013,
      finishReason: 'stop',
      httpReferer: 'https://app.example',
    })
  })

  it('streams an answer', async () => {
    const stream = await client.chat.send({ chatRequest: { model: 'test/sound', messages, stream: true } })
    if (!(Symbol.asyncIterator in stream)) throw new Error('a stream was asked for')
    let text = ''
    let total: number | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      total = chunk.usage?.totalTokens ?? total
    }
    expect(text).toBe('Hello there')
    expect(total).toBe(10)
  })

  it('reads an error in the middle of a stream', async () => {
    const stream = await client.chat.send({ chatRequest: { model: 'test/cut', messages, stream: true } })
    if (!(Symbol.asyncIterator in stream)) throw new Error('a stream was asked for')
    let told: { code: number; message: string } | undefined
    for await (const chunk of stream) told = chunk.error ?? told
    expect(told).toMatchObject({ code: 502, message: 'Provider returned error' })
  })

  it('knows the errors', async () => {
    const refused = client.chat.send({ chatRequest: { model: 'nobody/nothing', messages } })
    await expect(refused).rejects.toBeInstanceOf(errors.BadRequestResponseError)
    const limited = client.chat.send({ chatRequest: { model: 'test/limited', messages } })
    await expect(limited).rejects.toBeInstanceOf(errors.TooManyRequestsResponseError)
    const unknown = clientOf('sk-or-v1-elsewhere').chat.send({ chatRequest: { model: 'test/sound', messages } })
    await expect(unknown).rejects.toBeInstanceOf(errors.UnauthorizedResponseError)
    await expect(client.apiKeys.list()).rejects.toMatchObject({ statusCode: 403 })
  })

  it('reads the catalogue', async () => {
    const ids: string[] = []
    for await (const page of await client.models.list({})) ids.push(...page.result.data.map(({ id }) => id))
    const { data: count } = await client.models.count()
    expect(ids).toContain('test/sound')
    expect(ids.length).toBe(count.count)
    expect(ids.length).toBeGreaterThan(600)
    const { data } = await client.endpoints.list({ author: 'test', slug: 'sound' })
    expect(data.endpoints).toMatchObject([{ tag: 'sound', providerName: 'sound' }])
    const { data: providers } = await client.providers.list()
    expect(providers.length).toBeGreaterThan(100)
  })

  it('reads its own key', async () => {
    const { data } = await clientOf(worker.apiKey).apiKeys.getCurrentKeyMetadata()
    expect(data).toMatchObject({ isManagementKey: false, rateLimit: { requests: 40, interval: '10s' } })
  })

  it('manages keys', async () => {
    const created = await management.apiKeys.create({ requestBody: { name: 'made by the SDK', limit: 5 } })
    const { hash } = created.data
    const used = await clientOf(created.key).chat.send({ chatRequest: { model: 'test/sound', messages } })
    expect(used).toHaveProperty('choices')
    const listed = await management.apiKeys.list()
    expect(listed.data.map((record) => record.hash)).toContain(hash)
    const changed = await management.apiKeys.update({ hash, requestBody: { name: 'renamed', disabled: true } })
    expect(changed.data).toMatchObject({ name: 'renamed', disabled: true, limit: 5 })
    expect((await management.apiKeys.get({ hash })).data).toMatchObject({ name: 'renamed', usage: 0.000013 })
    expect(await management.apiKeys.delete({ hash })).toEqual({ deleted: true })
    await expect(management.apiKeys.get({ hash })).rejects.toBeInstanceOf(errors.NotFoundResponseError)
  })
})
