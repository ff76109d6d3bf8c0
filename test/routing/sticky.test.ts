import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { maxAttempts, maxAttemptsPerModel, type PlanInput, plan } from '../../src/routing/plan.ts'
import { mayStick, promoteSticky } from '../../src/routing/sticky.ts'
import { endpointRecord, healthy, noon, planInput } from './records.ts'

const many = (count: number, model = 'acme/m1') =>
  Array.from({ length: count }, (_, index) => endpointRecord(`p${index}`, 1 + index, { model }))

function promoted(input: PlanInput, tag: string) {
  const drawn = plan(input)
  const endpoint = input.entries.flatMap(({ entry }) => entry.endpoints).find((one) => one.tag === tag)
  return { drawn, made: promoteSticky(drawn, endpoint?.id ?? tag) }
}

const tagsOf = (planned: { endpoint: EndpointRecord }[]) => planned.map(({ endpoint }) => endpoint.tag)

describe('the endpoint that answered a conversation before', () => {
  it('goes first, certainly, and the others keep their order', () => {
    const { drawn, made } = promoted(planInput(many(4)), 'p3')
    expect(tagsOf(made.attempts)).toEqual(['p3', ...tagsOf(drawn.attempts).filter((tag) => tag !== 'p3')])
    expect(made.attempts.map(({ probability }) => probability)).toEqual([1, 0, 0, 0])
    expect(made.attempts.map(({ sticky }) => sticky)).toEqual([true, undefined, undefined, undefined])
    expect([drawn.sticky, made.sticky]).toEqual([false, true])
  })

  it('leaves the plan that was drawn as it was', () => {
    const input = planInput(many(9))
    const { attempts, overflow, out } = plan(input)
    const before = structuredClone({ attempts, overflow, out })
    const { drawn } = promoted(input, overflow[1]?.endpoint.tag ?? '')
    expect(drawn).toMatchObject(before)
  })

  it('comes back from beyond the bound, which holds', () => {
    const { drawn, made } = promoted(planInput(many(9), { provider: { sort: 'price' } }), 'p8')
    expect(tagsOf(drawn.overflow)).toEqual(['p6', 'p7', 'p8'])
    expect(tagsOf(made.attempts)).toEqual(['p8', 'p0', 'p1', 'p2', 'p3', 'p4'])
    expect(tagsOf(made.overflow)).toEqual(['p5', 'p6', 'p7'])
    expect(made.attempts).toHaveLength(maxAttempts)
  })

  it('takes the place of its own model, not of the fallback', () => {
    const input = planInput([many(5), many(2, 'acme/m2')], { provider: { sort: 'price' } })
    const { made } = promoted(input, 'p4')
    const models = made.attempts.map(({ model }) => model.id)
    expect(models).toEqual([...Array(maxAttemptsPerModel).fill('acme/m1'), 'acme/m2', 'acme/m2'])
    expect(tagsOf(made.attempts).slice(0, 3)).toEqual(['p4', 'p0', 'p1'])
  })

  it('is the only one where there are no fallbacks', () => {
    const input = planInput(many(3), { provider: { sort: 'price', allow_fallbacks: false } })
    const { drawn, made } = promoted(input, 'p2')
    expect(tagsOf(drawn.attempts)).toEqual(['p0'])
    expect(tagsOf(made.attempts)).toEqual(['p2'])
    expect(made.out).toEqual([
      { endpointId: 'p1:acme/m1', rule: 'no_fallback' },
      { endpointId: 'p0:acme/m1', rule: 'no_fallback' },
    ])
  })

  it('goes before what is faster or cheaper: stickiness is the last step', () => {
    const preferred = { provider: { sort: 'price', preferred_min_throughput: 100 } } satisfies Partial<ChatRequest>
    expect(tagsOf(promoted(planInput(many(3), preferred), 'p2').made.attempts)[0]).toBe('p2')
  })

  it.each<[string, EndpointHealth]>([
    ['its breaker is open', healthy({ openUntil: noon + 1_000 })],
    ['its breaker waits for a probe', healthy({ openUntil: noon - 1 })],
    ['it asked to be left alone', healthy({ cooldownUntil: noon + 1_000 })],
    ['it is unstable', healthy({ unstable: true })],
    ['it is down', healthy({ band: 'down' })],
  ])('is not preferred while %s', (_, health) => {
    const { drawn, made } = promoted(planInput(many(3), {}, { health: { p0: health } }), 'p0')
    expect(made).toBe(drawn)
  })

  it('is preferred again when its cooldown is over', () => {
    const health = { p2: healthy({ cooldownUntil: noon }) }
    expect(promoted(planInput(many(3), {}, { health }), 'p2').made.sticky).toBe(true)
  })

  it('is not preferred where it is filtered out, or not there any more', () => {
    const ignoring = planInput(many(3), { provider: { ignore: ['p0'] } })
    expect(promoted(ignoring, 'p0').made.sticky).toBe(false)
    expect(promoted(planInput(many(3)), 'gone').made.sticky).toBe(false)
    const nobody = planInput(many(1), { provider: { ignore: ['p0'] } })
    expect(promoted(nobody, 'p0').made.failure).not.toBeNull()
  })

  it('stands behind a probe, whose permission is used up', () => {
    const health = { p0: healthy({ openUntil: noon - 1, probeReady: true }) }
    const probing = planInput(many(3), {}, { health, takeProbe: () => true })
    const { drawn, made } = promoted(probing, 'p2')
    expect(tagsOf(drawn.attempts)[0]).toBe('p0')
    expect(tagsOf(made.attempts)).toEqual(['p0', 'p2', 'p1'])
    expect(made.attempts.map(({ probability }) => probability)).toEqual([1, 0, 0])
    expect(made.attempts.map(({ sticky }) => sticky)).toEqual([undefined, true, undefined])
  })

  it('never puts a fallback model first, but in one list and behind one id the models are alike', () => {
    const models = [
      [endpointRecord('first', 1, { model: 'acme/m1' })],
      [endpointRecord('second', 9, { model: 'acme/m2' })],
    ]
    expect(promoted(planInput(models), 'second').made.sticky).toBe(false)
    const oneList = planInput(models, { provider: { sort: { by: 'price', partition: 'none' } } })
    expect(tagsOf(promoted(oneList, 'second').made.attempts)).toEqual(['second', 'first'])
    const router = planInput(models)
    router.entries = router.entries.map((entry) => ({ ...entry, requestedId: 'openrouter/auto' }))
    expect(tagsOf(promoted(router, 'second').made.attempts)).toEqual(['second', 'first'])
  })

  it('gives way to a tier that is asked for', () => {
    const tiers = [endpointRecord('plain', 1), endpointRecord('plain/priority', 2)]
    expect(promoted(planInput(tiers, { service_tier: 'priority' }), 'plain').made.sticky).toBe(false)
    expect(promoted(planInput(tiers, { service_tier: 'priority' }), 'plain/priority').made.sticky).toBe(true)
  })
})

describe('whether to remember at all', () => {
  const cached = (tag: string, cacheRead?: string) => {
    const endpoint = endpointRecord(tag)
    return cacheRead === undefined ? endpoint : { ...endpoint, price: { ...endpoint.price, cacheRead } }
  }
  const pays = '0.0000001'
  const asked = (endpoints: EndpointRecord[], request: Partial<ChatRequest> = {}, usable = () => true) => {
    const { needs, entries } = planInput(endpoints, request)
    return mayStick(needs, entries, usable)
  }

  it('depends on a choice of which some reward a cached prompt', () => {
    expect(asked([cached('a', pays), cached('b')])).toBe(true)
    expect(asked([cached('a'), cached('b', pays)])).toBe(true)
    expect(asked([cached('a'), cached('b')])).toBe(false)
    expect(asked([cached('a', '0.000001'), cached('b', '0.1')])).toBe(false)
    expect(asked([cached('a', pays)])).toBe(false)
    expect(asked([cached('a', pays), cached('b', pays)], {}, () => false)).toBe(false)
  })

  it('does not where the client gives an order', () => {
    const endpoints = [cached('a', pays), cached('b', pays)]
    expect(asked(endpoints, { provider: { order: ['b'] } })).toBe(false)
    expect(asked(endpoints, { provider: { order: [] } })).toBe(true)
    expect(asked(endpoints, { provider: { sort: 'price' } })).toBe(true)
  })
})
