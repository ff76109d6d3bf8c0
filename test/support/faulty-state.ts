import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { chatCompletions } from '../../src/api/chat-completions/surface.ts'
import { frame } from '../../src/api/frame.ts'
import { generation } from '../../src/api/generation.ts'
import { key } from '../../src/api/key.ts'
import { keys } from '../../src/api/keys.ts'
import { models } from '../../src/api/models.ts'
import { providers } from '../../src/api/providers.ts'
import { keyRandomBytes, mintKey } from '../../src/edge/api-key.ts'
import { insertKey } from '../../src/store/keys.ts'
import { addEndpoints, type OperatorEndpoint } from './operator-catalogue.ts'
import { sampleKey } from './sample-key.ts'

/** What happens to a call: it goes through, never comes back, fails, or is done and its answer lost (once, or always). */
export type Fault = 'none' | 'hangs' | 'fails' | 'answer lost' | 'reset once'

/**
 * The whole Worker in one isolate of the test's, over bindings that can be made to fail, with an upstream that the test
 * plays. Names of keys and models are the caller's to keep apart: storage is shared by the tests of a file.
 */
export interface FaultyWorld {
  /** Faults of the key objects' calls by method, of D1, and of the health objects. */
  faults: { key: Partial<Record<string, Fault>>; database: Fault; health: Fault }
  /** Every call that went to a key object, by method. */
  calls: string[]
  /** URLs that were asked for outside. */
  upstream: string[]
  answer: (url: string, init: RequestInit) => Response | Promise<Response>
  logs: string[]
  fetch(path: string, init?: RequestInit): Promise<Response>
  chat(key: string, fields: Record<string, unknown>): Promise<Response>
  /** Everything behind the answers so far is done. */
  settled(): Promise<void>
}

let worlds = 0

export async function openFaultyWorld(variables: Record<string, string> = {}): Promise<FaultyWorld> {
  // A module of its own is a cold isolate; the rest is shared, or every Durable Object would be taken for a new version.
  worlds += 1
  const path = `../../src/gateway.ts?world=${worlds}`
  const { openGateway } = (await import(/* @vite-ignore */ path)) as typeof import('../../src/gateway.ts')
  const app = frame(openGateway)
  for (const surface of [chatCompletions, models, providers, generation, key, keys]) app.route('/api/v1', surface)
  const contexts: ExecutionContext[] = []
  const world: FaultyWorld = {
    faults: { key: {}, database: 'none', health: 'none' },
    calls: [],
    upstream: [],
    answer: () => wholeAnswer(),
    logs: [],
    async fetch(path, init) {
      const context = createExecutionContext()
      contexts.push(context)
      return app.fetch(new Request(`http://gateway.test${path}`, init as RequestInit<CfProperties>), bindings, context)
    },
    chat: (key, fields) =>
      world.fetch('/api/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...fields }),
      }),
    async settled() {
      for (const context of contexts.splice(0)) await waitOnExecutionContext(context)
    },
  }
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
    world.upstream.push(String(url))
    return world.answer(String(url), init as RequestInit)
  })
  for (const level of ['warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((line: unknown) => void world.logs.push(String(line)))

  let wasReset = false
  const suffer = async <T>(fault: Fault | undefined, call: () => T | Promise<T>): Promise<T> => {
    if (fault === 'hangs') return new Promise<T>(() => {})
    if (fault === 'fails') throw new Error('out of order')
    const done = await call()
    if (fault === 'answer lost') throw new Error('the answer was lost')
    if (fault === 'reset once' && !wasReset) {
      wasReset = true
      throw Object.assign(new Error('the object was reset'), { retryable: true })
    }
    return done
  }
  const stubOf = (stub: object, faultOf: (method: string) => Fault | undefined) =>
    new Proxy(
      {},
      {
        get:
          (_, method: string) =>
          (...given: unknown[]) => {
            world.calls.push(method)
            const call = (stub as Record<string, (...all: unknown[]) => Promise<unknown>>)[method]
            return suffer(faultOf(method), () => Reflect.apply(call as () => Promise<unknown>, stub, given))
          },
      },
    )
  const namespaceOf = <T>(real: T, faultOf: (method: string) => Fault | undefined): T => {
    const { idFromName, get } = real as unknown as { idFromName(name: string): unknown; get(id: unknown): object }
    return {
      idFromName: (name: string) => idFromName.call(real, name),
      get: (id: unknown) => stubOf(get.call(real, id), faultOf),
    } as unknown as T
  }
  const bindings = {
    ...env,
    ENVIRONMENT: 'development',
    SANDBOX_BASE_URL: 'http://127.0.0.1:9/sandbox',
    ...variables,
    KEYS: namespaceOf(env.KEYS, (method) => world.faults.key[method]),
    HEALTH: namespaceOf(env.HEALTH, () => world.faults.health),
    DB: {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) => suffer(world.faults.database, () => env.DB.batch(statements)),
    } as unknown as D1Database,
  }
  return world
}

/** A key in D1, with its text. */
export async function newKey(differences: Partial<Parameters<typeof insertKey>[1]> = {}) {
  const { key, hash } = await mintKey(undefined, crypto.getRandomValues(new Uint8Array(keyRandomBytes)))
  await insertKey(env.DB, { ...sampleKey(), hash, expiresAt: null, ...differences })
  return { key, hash }
}

/** A model of one provider, reached at `https://<provider>.example/v1`, and the variables that make it usable. */
export async function newModel(...endpoints: OperatorEndpoint[]): Promise<Record<string, string>> {
  await addEndpoints(env.DB, endpoints)
  return Object.fromEntries(
    endpoints.flatMap(({ provider }) => {
      const prefix = provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')
      return [
        [`${prefix}_API_KEY`, 'sk-upstream'],
        [`${prefix}_BASE_URL`, `https://${provider}.example/v1`],
      ]
    }),
  )
}

export const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }

export function wholeAnswer(): Response {
  const choice = { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }
  return Response.json({ id: 'up', object: 'chat.completion', created: 1, model: 'up', choices: [choice], usage })
}
