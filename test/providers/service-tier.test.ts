import { describe, expect, it } from 'vitest'
import { providerOf } from '../../src/providers/registry.ts'
import { encoded } from './openai-chat/encode-input.ts'
import { seededProviders } from './seeded-endpoints.ts'

describe('the service tier of a request', () => {
  it.each<[string, string | null, string, string | undefined, string[]]>([
    ['flex at its price', 'flex', 'openai/flex', 'flex', []],
    ['flex in a region', 'flex', 'openai/eu/flex', 'flex', []],
    ['priority at its price', 'priority', 'openai/priority', 'priority', []],
    ['fast, which is what others call priority', 'fast', 'openai/priority', 'priority', []],
    ['flex where there is none', 'flex', 'openai', undefined, ['service_tier dropped no-such-tier']],
    ['priority where there is none', 'priority', 'openai', undefined, ['service_tier dropped no-such-tier']],
    ['priority at the price of flex', 'priority', 'openai/flex', undefined, ['service_tier dropped no-such-tier']],
    ['a tier that nobody has priced', 'scale', 'openai', undefined, ['service_tier dropped no-such-tier']],
    ['the provider’s choice', 'auto', 'openai', undefined, []],
    ['the default', 'default', 'openai', 'default', []],
    ['none', null, 'openai', undefined, []],
  ])('asks for %s', (_, asked, tag, sent, noted) => {
    const { body, notes } = encoded({ service_tier: asked }, {}, { endpoint: { tag } })
    expect(body.service_tier).toBe(sent)
    expect(notes).toEqual(noted)
  })

  it.each(seededProviders(8).map((seeded) => [seeded.record.slug, seeded] as const))(
    'costs no more at %s than what is billed',
    (_, { record, endpoints }) => {
      for (const { endpoint, model } of endpoints)
        for (const tier of ['flex', 'priority', 'fast', 'scale', 'reserved', 'performance']) {
          const request = { messages: [{ role: 'user' as const, content: 'Hi' }], service_tier: tier }
          const target = { endpoint, model, baseUrl: 'https://x.example', credential: { apiKey: 'k' } }
          const sent = providerOf(record)?.wire(endpoint)?.encode({ request, target, stream: true })
          if (!sent) continue
          expect(sent.body, endpoint.id).not.toContain(`"${tier}"`)
          expect(sent.body, endpoint.id).not.toMatch(/"service_?tier":/i)
          expect(sent.translation.map(({ field }) => field)).toContain('service_tier')
        }
    },
  )
})
