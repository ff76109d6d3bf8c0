import { describe, expect, it } from 'vitest'
import { parseChatRequest } from '../../../src/api/chat-completions/parse.ts'
import { refusePrivateMedia } from '../../../src/api/media-addresses.ts'
import { FailureError, statusOf } from '../../../src/chat/failure.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { reserveNanoUsd } from '../../../src/dispatch/candidates.ts'
import { providerOf } from '../../../src/providers/registry.ts'
import type { Target, Wire, WireName } from '../../../src/providers/wire.ts'
import { needsOf } from '../../../src/routing/needs.ts'
import { plan } from '../../../src/routing/plan.ts'
import { seededProviders } from '../../providers/seeded-endpoints.ts'
import { endpointRecord, modelEntry, noon } from '../../routing/records.ts'
import { fuzzedRequest, giantCount, giantRequest, randomFrom } from '../../support/fuzzed-request.ts'

// FUZZ_SEED=<n> FUZZ_CASES=1 tries one case again, FUZZ_SEED=random looks where nobody has looked yet.
const given = process.env.FUZZ_SEED
const firstSeed = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given ?? 1)
const cases = Number(process.env.FUZZ_CASES ?? 100_000)

/** Every wire with the endpoints of the shipped catalogue that speak it. */
const wires = new Map<WireName, { wire: Wire; target: Target }[]>()
for (const { record, endpoints } of seededProviders(4)) {
  const provider = providerOf(record)
  for (const { endpoint, model } of endpoints) {
    const wire = provider?.wire(endpoint)
    if (!wire) continue
    const target = { endpoint, model, baseUrl: 'https://up.example/v1', credential: { apiKey: 'k' } }
    wires.set(wire.name, [...(wires.get(wire.name) ?? []), { wire, target }])
  }
}
const names = [...wires.keys()]

const endpoints = [
  endpointRecord('acme', 1),
  endpointRecord('beta/eu', 2, { eu: 'yes', parameters: null, maxOutputTokens: null }),
  endpointRecord('gamma/fp8', 3, {
    quantization: 'fp8',
    inputModalities: ['text', 'image', 'file'],
    maxOutputTokens: 50,
  }),
]
const entries = [{ requestedId: 'acme/m1', entry: modelEntry(endpoints) }]

/** What happens to an accepted request before its first byte goes out, with whatever must hold there. */
function prepare(request: ChatRequest, seed: number, random: () => number, all: boolean): void {
  refusePrivateMedia(request, 'production')
  const needs = needsOf(request)
  const reserve = reserveNanoUsd(request, needs, entries, () => true)
  if (!Number.isFinite(reserve) || reserve < 0) throw new Error(`reserves ${reserve}`)
  const planned = plan({
    needs,
    entries,
    region: 'global',
    usable: () => true,
    health: () => undefined,
    seed,
    now: noon,
  })
  if ((planned.failure === null) !== planned.attempts.length > 0) throw new Error('neither attempts nor a failure')
  if (planned.failure !== null && statusOf(planned.failure) >= 500) throw new Error(planned.failure.message)
  const tried = all ? names : [names[Math.floor(random() * names.length)] as WireName]
  for (const name of tried) {
    const speakers = wires.get(name) ?? []
    const { wire, target } = speakers[Math.floor(random() * speakers.length)] as (typeof speakers)[number]
    try {
      const encoded = wire.encode({ request, target, stream: request.stream === true, userHash: 'hash' })
      const body: unknown = JSON.parse(encoded.body)
      if (typeof body !== 'object' || body === null) throw new Error('the body is no object')
      if (new URL(encoded.url).origin !== 'https://up.example') throw new Error(`sent to ${encoded.url.slice(0, 100)}`)
      new Headers(encoded.headers)
    } catch (error) {
      if (!(error instanceof FailureError)) throw new Error(`${name} at ${target.endpoint.id}`, { cause: error })
      expectRefusal(error)
    }
  }
}

function expectRefusal({ failure }: FailureError): void {
  const status = statusOf(failure)
  if (status < 400 || status > 499) throw new Error(`a refusal with ${status}`)
  if (failure.message.length > 1_000) throw new Error(`${failure.message.length} characters of message`)
}

/** Whether the request was accepted. Throws for whatever is neither a refusal nor a request that can be sent. */
function tryOne(body: string | Uint8Array, seed: number, all = false): boolean {
  try {
    try {
      const request = parseChatRequest(typeof body === 'string' ? new TextEncoder().encode(body) : body)
      prepare(request, seed, randomFrom(~seed), all)
      return true
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      expectRefusal(error)
      return false
    }
  } catch (error) {
    throw new Error(`found by FUZZ_SEED=${seed} FUZZ_CASES=1`, { cause: error })
  }
}

describe('whatever a client sends', () => {
  it(
    `is refused with a 4xx or becomes a well-formed upstream request in every wire, in ${cases} cases from ${firstSeed}`,
    () => {
      let accepted = 0
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < cases; i++) if (tryOne(fuzzedRequest(firstSeed + i), firstSeed + i)) accepted++
      expect(({} as Record<string, unknown>).polluted, 'nothing reached the prototype of all objects').toBeUndefined()
      // What is kept, and not yet collected, must not grow with the number of cases.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(512 * 1024 * 1024)
      if (cases < 10_000) return
      // Neither all refused nor all accepted, or the cases would try nothing.
      expect(accepted).toBeGreaterThan(cases * 0.2)
      expect(accepted).toBeLessThan(cases * 0.8)
    },
    60_000 + cases,
  )

  it.each(Array.from({ length: giantCount }, (_, index) => index))(
    'is handled in seconds where it is huge (%i)',
    (index) => {
      const body = giantRequest(index)
      const since = performance.now()
      tryOne(body, index, true)
      expect(performance.now() - since).toBeLessThan(8_000)
    },
    30_000,
  )
})
