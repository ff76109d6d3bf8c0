import { describe, expect, it } from 'vitest'
import { providerOf } from '../../src/providers/registry.ts'
import { verdictOf } from '../../src/routing/outcome.ts'
import { type SeededProvider, seededProviders } from './seeded-endpoints.ts'

/** Words that speak of a provider's state when the provider says them of itself. */
const words = [
  'overloaded',
  'overloaded_error',
  'at capacity',
  'server busy',
  'high demand',
  'rate_limit_error',
  'too many requests',
  'resource_exhausted',
  'unauthorized',
  'invalid_api_key',
  'Incorrect API key provided',
  'API key not valid',
  'insufficient_quota',
  'payment required',
  'credit balance is too low',
  'API usage limits',
  'enable billing',
  'organization has been disabled',
  'budget exceeded',
  'model_not_found',
  'unknown model',
  'model x does not exist',
  'the model id',
  'operation not allowed',
  'ThrottlingException',
]

/** Refusals of a request, each quoting a name or value that the client chose. */
const refusals: readonly ((word: string) => unknown)[] = [
  (word) => ({
    error: {
      message: `Unknown parameter: '${word}'.`,
      type: 'invalid_request_error',
      param: word,
      code: 'unknown_parameter',
    },
  }),
  (word) => ({
    error: { message: `Invalid value for service_tier: ${word}`, type: 'invalid_request_error', code: null },
  }),
  (word) => ({
    detail: [{ type: 'extra_forbidden', loc: ['body', word], msg: 'Extra inputs are not permitted', input: word }],
  }),
  (word) => ({
    type: 'error',
    error: { type: 'invalid_request_error', message: `${word}: Extra inputs are not permitted` },
  }),
  (word) => ({
    error: { code: 400, status: 'INVALID_ARGUMENT', message: `Unknown name "${word}": Cannot find field.` },
  }),
  (word) => ({ message: `Malformed input request: [${word}] is no such key`, __type: 'ValidationException' }),
  (word) => ({ code: `Unknown field ${word}`, error: `Field ${word} is unknown` }),
  (word) => `Failed to deserialize: unknown field \`${word}\``,
]

/** One endpoint of every wire that a provider has. */
function wiresOf({ record, endpoints }: SeededProvider) {
  const provider = providerOf(record)
  return new Set(endpoints.flatMap(({ endpoint }) => provider?.wire(endpoint) ?? []))
}

describe('a request that quotes the words of an outage', () => {
  it.each(seededProviders(40).map((seeded) => [seeded.record.slug, seeded] as const))(
    'does not close %s to others',
    (_, seeded) => {
      for (const wire of wiresOf(seeded))
        for (const status of [400, 413, 422])
          for (const refusal of refusals)
            for (const word of words) {
              const said = refusal(word)
              const body = typeof said === 'string' ? said : JSON.stringify(said)
              const failure = wire.classify({ status, headers: new Headers(), body })
              expect(verdictOf(failure).health, `${wire.name} ${status} ${body} as ${failure.kind}`).toBe('excluded')
            }
    },
  )
})
