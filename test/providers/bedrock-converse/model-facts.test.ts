import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { geoOf, modelFactsOf } from '../../../src/providers/bedrock-converse/model-facts.ts'
import { bedrockName, clientName } from '../../../src/providers/bedrock-converse/tool-names.ts'
import { endpointRecord, modelEntry } from '../../support/catalog-records.ts'

const factsOf = (upstreamId: string, id = 'acme/m1') =>
  modelFactsOf({ endpoint: endpointRecord({ upstreamId }), model: modelEntry({ id }).model })

describe('the facts of a model', () => {
  it('are read from its id, wherever it is called from and however it is addressed', () => {
    for (const prefix of ['', 'eu.', 'us-gov.', 'global.', 'arn:aws:bedrock:eu-west-1:1:inference-profile/eu.'])
      expect(factsOf(`${prefix}anthropic.claude-sonnet-4-5-20250929-v1:0`)).toMatchObject({
        structured: true,
        prefill: true,
        reasoning: 'claude',
        caching: { messages: true, tools: true, anHour: true },
        claude: { thinking: 'budget' },
      })
  })

  it('are the catalogue’s where the id says nothing', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/1arbu5hu2sjr'
    expect(factsOf(arn, 'anthropic/claude-opus-4.6')).toMatchObject({
      structured: true,
      claude: { thinking: 'adaptive' },
    })
    expect(factsOf(arn, 'meta-llama/llama-4-maverick')).toMatchObject({ besideResults: 'nothing', forces: [] })
    expect(factsOf(arn)).toMatchObject({ claude: null, reasoning: 'none', forces: ['any', 'tool'] })
  })

  it.each<[string, boolean, boolean]>([
    ['claude-3-haiku-20240307', false, false],
    ['claude-3-5-sonnet-20240620', false, false],
    ['claude-3-5-haiku-20241022', true, false],
    ['claude-3-7-sonnet-20250219', true, false],
    ['claude-sonnet-4-20250514', true, false],
    ['claude-opus-4-1-20250805', true, false],
    ['claude-haiku-4-5-20251001', true, true],
    ['claude-opus-4-6', true, true],
    ['claude-sonnet-5', true, true],
  ])('say where %s caches', (name, messages, anHour) => {
    expect(factsOf(`anthropic.${name}-v1:0`).caching).toEqual({ messages, tools: messages, anHour })
  })

  it('are known for every family of the catalogue', () => {
    const rows = readFileSync(join(import.meta.dirname, '../../../seed/endpoints.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const unknown = new Set<string>()
    for (const row of rows) {
      const { provider, upstream_id: id, out } = JSON.parse(row) as Record<string, string & string[]>
      if (provider !== 'amazon-bedrock' || !id || !out?.includes('text')) continue
      const { modelId: _, ...facts } = factsOf(id)
      const { modelId: __, ...nobodys } = factsOf('acme.m1')
      if (JSON.stringify(facts) === JSON.stringify(nobodys))
        unknown.add(id.slice((geoOf(id)?.length ?? -1) + 1).split('.')[0] ?? '')
    }
    // Nothing is on record of what xAI's models take there.
    expect([...unknown]).toEqual(['xai'])
  })
})

describe('names', () => {
  it('that Bedrock takes stay, others become ones that it takes and that differ', () => {
    expect(bedrockName('get_weather-2')).toBe('get_weather-2')
    const names = ['files.read', 'files/read', 'files read', 'x'.repeat(65), 'x'.repeat(66), 'söök', '']
    const sent = names.map(bedrockName)
    expect(new Set(sent).size).toBe(names.length)
    for (const name of sent) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  })

  it('come back as they were', () => {
    const tools = ['files.read', 'files_read', 'ok'].map((name) => ({ type: 'function' as const, function: { name } }))
    for (const { function: tool } of tools) expect(clientName(bedrockName(tool.name), tools)).toBe(tool.name)
    expect(clientName('nobody', tools)).toBe('nobody')
    expect(clientName('nobody', undefined)).toBe('nobody')
  })
})
