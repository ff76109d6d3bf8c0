import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { ChatRequest, ProviderPreferences } from '../../src/chat/request.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { type AccountPreferences, mergePreferences } from '../../src/routing/merge-preferences.ts'
import type { CandidateModel } from '../../src/routing/model-id.ts'
import type { Plan, PlanInput } from '../../src/routing/plan.ts'
import { randomOf } from '../../src/routing/random.ts'
import { promoteSticky } from '../../src/routing/sticky.ts'
import { endpointRecord, healthy, modelEntry, noon, planInput, providerRecord } from './records.ts'

const tags = ['a', 'a/eu', 'a/flex', 'b', 'b/us', 'b/priority', 'c', 'd', 'e', 'f/eu/flex', 'g', 'h']
const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } }

/** Random requests to random catalogues in random health, the same for the same seed. */
export function randomInputs(seed: number) {
  const random = randomOf(seed)
  const integer = (below: number) => Math.floor(random() * below)
  const oneOf = <T>(items: readonly T[]): T => items[integer(items.length)] as T
  const maybe = <T>(value: () => T, chance = 0.25): T | undefined => (random() < chance ? value() : undefined)
  const some = <T>(items: readonly T[], most: number): T[] =>
    Array.from({ length: integer(most + 1) }, () => oneOf(items))
  const given = (fields: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const slugs = () => some([...tags, ' A ', 'zzz', 'Grace', 'google', 'b/unknown'], 4)
  const percentiles = () => oneOf([null, { p50: 90, p75: 80, p90: 60.5, p99: 20 }, { p50: 5, p75: 4, p90: 3, p99: 2 }])

  function endpoints(model: string): EndpointRecord[] {
    return tags
      .filter(() => random() < 0.6)
      .map((tag) =>
        endpointRecord(tag, oneOf([0, 0.1, 1, 3, 60]), {
          model,
          eu: oneOf(['yes', 'yes', 'no', 'selectable', null]),
          region: oneOf([null, null, 'us', 'eu', 'jp', 'eu-west-2', 'us-east-1', 'global']),
          contextLength: oneOf([null, 5, 1000, 100_000]),
          maxOutputTokens: oneOf([null, 100, 10_000]),
          quantization: oneOf([null, 'fp8', 'int4']),
          parameters: oneOf([
            null,
            ['tools'],
            ['tools', 'temperature', 'verbosity', 'structured_outputs', 'max_tokens'],
          ]),
          inputModalities: oneOf([[], ['text'], ['text', 'image']]),
          outputModalities: oneOf([[], ['text'], ['text'], ['text'], ['embeddings']]),
          status: oneOf([null, null, 'deprecated']),
          provider: providerRecord(tag.split('/')[0] ?? tag, {
            ...(tag === 'g' ? { name: 'Grace' } : {}),
            direct: random() < 0.85,
            headquarters: oneOf([null, 'FR', 'US']),
            datacenters: oneOf([null, ['US'], ['FR', 'DE']]),
            dataPolicy: {
              trains: oneOf([null, false, false, true]),
              retainsPrompts: oneOf([null, false, false, true]),
              retentionDays: null,
              zdr: oneOf([null, 'default' as const]),
              zeroRetentionStatedBy: oneOf([null, 'vendor' as const]),
              asOf: null,
            },
          }),
        }),
      )
  }

  const sort = () =>
    oneOf(['price', 'latency', 'throughput', { by: 'throughput', partition: 'none' }, 'exacto'] as const)
  const threshold = () => oneOf([10, { p90: 50 }, { p50: 100, p99: 4 }])

  /** Fields that an account and a request have in common. */
  function preferences(chance: number): AccountPreferences {
    return given({
      only: maybe(slugs, chance),
      ignore: maybe(slugs, chance),
      order: maybe(slugs, chance),
      allow_fallbacks: maybe(() => random() < 0.5, chance),
      require_parameters: maybe(() => random() < 0.5, chance),
      data_collection: maybe(() => oneOf(['allow', 'deny', null]), chance),
      zdr: maybe(() => random() < 0.5, chance),
      quantizations: maybe(() => some(['fp8', 'unknown', 'int4'], 3), chance),
      sort: maybe(sort, chance),
      max_price: maybe(() => ({ prompt: oneOf([0.05, '1', 5]), ...given({ completion: maybe(() => 2) }) }), chance),
      preferred_min_throughput: maybe(threshold, chance),
      preferred_max_latency: maybe(() => oneOf([0.05, { p75: 0.07 }]), chance),
      enforce_distillable_text: maybe(() => random() < 0.1, chance),
      direct_only: maybe(() => random() < 0.5, chance),
      jurisdictions: maybe(() => some(['EU', 'fr', 'US', 'eea'], 3), chance / 2),
      regions: maybe(() => some(['eu', 'us', 'GB', 'jp', 'us-east-1', 'my-secret'], 3), chance / 2),
    })
  }

  function request(): Partial<ChatRequest> {
    const content = oneOf(['Hello', 'Hello', [image], 'word '.repeat(3000)])
    return given({
      messages: [
        ...(random() < 0.2 ? [{ role: 'system', content: 'rule '.repeat(integer(2000)) }] : []),
        ...Array.from({ length: random() < 0.02 ? 1001 : 1 }, () => ({ role: 'user', content })),
      ],
      plugins: maybe(() => [{ id: 'context-compression', enabled: random() < 0.7 }]),
      provider: maybe(() => ({ ...preferences(0.2), unknown: 'my secret' }), 0.8),
      temperature: maybe(() => 1),
      max_tokens: maybe(() => oneOf([50, 5000])),
      n: maybe(() => 2, 0.1),
      tools: maybe(() => [{ type: 'function', function: { name: 'f' } }]),
      tool_choice: maybe(() => 'none', 0.1),
      verbosity: maybe(() => 'low', 0.1),
      response_format: maybe(() =>
        oneOf([{ type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'x' } }]),
      ),
      reasoning: maybe(() => oneOf([{ effort: 'low' }, { effort: 'none' }, { enabled: false }])),
      modalities: maybe(() => ['text'], 0.1),
      service_tier: maybe(() => oneOf(['flex', 'priority', 'default', 'my secret'])),
      route: maybe(() => oneOf(['sort', 'fallback']), 0.1),
      session_id: 'my secret',
      user: 'my secret',
    }) as Partial<ChatRequest>
  }

  function candidates(models: EndpointRecord[][]): CandidateModel[] {
    const entries = models.map((one) => {
      const entry = modelEntry(one)
      const reasoning = { supported: true, mandatory: random() < 0.3, efforts: null }
      return { ...entry, model: { ...entry.model, reasoning } }
    })
    const named = entries.map((entry) => ({
      requestedId: oneOf([entry.model.id, `${entry.model.id}:nitro`, '~acme/m-latest']),
      entry,
      ...given({
        dynamics: maybe(() => [oneOf(['nitro', 'floor', 'exacto'] as const)], 0.2),
        freeOnly: maybe(() => true, 0.1),
      }),
    }))
    // Two ids of a request may mean the same model.
    const twin = maybe(() => oneOf(entries), 0.2)
    return twin ? [...named, { requestedId: `${twin.model.id}-alias`, entry: twin }] : named
  }

  function health(): Record<string, EndpointHealth> {
    const known: Record<string, EndpointHealth> = {}
    for (const tag of tags) {
      if (random() < 0.4) continue
      known[tag] = healthy({
        unstable: random() < 0.2,
        openUntil: oneOf([0, 0, 0, noon - 5, noon + 5]),
        cooldownUntil: oneOf([0, 0, noon - 5, noon + 5]),
        probeReady: random() < 0.5,
        band: oneOf(['normal', 'normal', 'degraded', 'down']),
        throughput: percentiles(),
        latency: percentiles(),
        ...(random() < 0.5 ? { measured: true, toolSuccess: oneOf([0.4, 0.9, 0.95, 1]) } : {}),
      })
    }
    return known
  }

  return {
    preferences,
    /** The plan as it is, or for a conversation that any of its endpoints answered before. */
    answeredBefore(made: Plan): Plan {
      const known = maybe(() => oneOf(made.candidates), 0.3)
      return known ? promoteSticky(made, known.endpoint.id) : made
    },
    /** A plan's input, with the account's preferences merged in where it has any. */
    input(account: AccountPreferences | null = maybe(() => preferences(0.15)) ?? null): PlanInput {
      const models = ['acme/m1', 'acme/m2', 'acme/m3'].slice(0, 1 + integer(3)).map(endpoints)
      const asked = request()
      const merged = account && mergePreferences(account, (asked.provider ?? {}) as ProviderPreferences)
      const probes = new Set(tags.filter(() => random() < 0.5))
      const usable = new Set(tags.filter(() => random() < 0.9))
      return planInput([[]], merged ? { ...asked, provider: merged.preferences } : asked, {
        entries: candidates(models.filter((one) => one.length > 0)),
        health: health(),
        seed: integer(2 ** 32),
        region: oneOf(['global', 'global', 'global', 'eu']),
        usable: ({ tag }) => usable.has(tag),
        takeProbe: ({ tag }) => probes.has(tag),
        ...(merged ? { policy: merged.policy } : {}),
      })
    },
  }
}
