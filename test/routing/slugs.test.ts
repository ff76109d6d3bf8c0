import { describe, expect, it } from 'vitest'
import { matchesAny, tagParts, wantedSlugs } from '../../src/routing/slugs.ts'
import { endpointRecord, providerRecord } from './records.ts'

function matches(wanted: string, tag: string, name?: string): boolean {
  const endpoint = endpointRecord(tag)
  if (name !== undefined) endpoint.provider = providerRecord(endpoint.provider.slug, { name })
  return matchesAny(wantedSlugs([wanted]) ?? [], tagParts(endpoint))
}

describe('matching of provider slugs', () => {
  it.each([
    ['google-vertex', 'google-vertex', true],
    ['google-vertex', 'google-vertex/us-east5', true],
    ['google-vertex/us-east5', 'google-vertex/us-east5', true],
    ['google-vertex/us-east5', 'google-vertex', false],
    ['google-vertex/us-east5', 'google-vertex/us-east5/fast', false],
    ['deepinfra', 'deepinfra/turbo', true],
    ['deep', 'deepinfra', false],
    ['openai/priority', 'openai/priority', true],
    ['Google', 'google-vertex', true],
    ['GOOGLE', 'google-vertex/eu', true],
    ['google/us-east5', 'google-vertex/us-east5', true],
    ['Google AI Studio', 'google-ai-studio', true],
    ['Amazon Bedrock', 'amazon-bedrock', true],
    ['Google', 'google-ai-studio', false],
    ['InferenceNet', 'inference-net', true],
    [' xAI ', 'xai', true],
    ['', 'xai', false],
    ['constructor', 'xai', false],
  ])('%j against %s: %s', (wanted, tag, expected) => {
    expect(matches(wanted, tag)).toBe(expected)
  })

  it('knows a provider by its display name', () => {
    expect(matches('Fireworks AI', 'fireworks', 'Fireworks AI')).toBe(true)
    expect(matches('Z.AI', 'z-ai', 'Z.AI')).toBe(true)
  })

  it('takes an absent or empty list for no wish', () => {
    expect([wantedSlugs(undefined), wantedSlugs(null), wantedSlugs([])]).toEqual([null, null, null])
  })

  it('tells service tiers from other qualifiers', () => {
    const tiers = ['openai', 'openai/priority', 'openai/flex', 'google-vertex/eu/flex', 'deepinfra/turbo']
    expect(tiers.map((tag) => tagParts(endpointRecord(tag)).tier)).toEqual([null, 'priority', 'flex', 'flex', null])
  })
})
