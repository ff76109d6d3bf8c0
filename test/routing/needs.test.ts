import { describe, expect, it } from 'vitest'
import type { ChatRequest, ContentPart } from '../../src/chat/request.ts'
import { needsOf } from '../../src/routing/needs.ts'

const hello: ChatRequest['messages'] = [{ role: 'user', content: 'Hello' }]
const tool = { type: 'function' as const, function: { name: 'look', parameters: { type: 'object' } } }

function needs(request: Partial<ChatRequest>) {
  return needsOf({ messages: hello, ...request })
}

function counted(request: Partial<ChatRequest>): string[] {
  return needs(request).parameters.map(({ parameter }) => parameter)
}

describe('needsOf', () => {
  it('sees the media in messages and the outputs asked for', () => {
    const content: ContentPart[] = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'file', file: { file_id: 'f' } },
    ]
    const seen = needs({ messages: [{ role: 'user', content }], modalities: ['text', 'image'] })
    expect(seen.inputModalities).toEqual(['image', 'file'])
    expect(seen.outputModalities).toEqual(['text', 'image'])
  })

  it('leaves a part that it does not know to the provider', () => {
    const content = [{ type: 'hologram', hologram: {} }] as unknown as ContentPart[]
    expect(needs({ messages: [{ role: 'user', content }] }).inputModalities).toEqual([])
  })

  it('counts tools only where the model may call them', () => {
    expect(needs({ tools: [tool] }).tools).toBe(true)
    expect(needs({ tools: [tool], tool_choice: 'none' }).tools).toBe(false)
    expect(needs({ tools: [] }).tools).toBe(false)
  })

  it.each<[string, Partial<ChatRequest>, string[]]>([
    ['nothing of the gateway’s own', { user: 'u', session_id: 's', models: ['a/b'], provider: {}, stream: true }, []],
    ['what is set', { temperature: 0, seed: 1, stop: ['x'] }, ['temperature', 'seed', 'stop']],
    ['nothing that is null or empty', { temperature: null, stop: [], tools: [], seed: undefined as never }, []],
    ['tools and their switches', { tools: [tool], tool_choice: 'auto' }, ['tools', 'tool_choice']],
    ['a format that is one', { response_format: { type: 'json_object' } }, ['response_format']],
    ['no plain text format', { response_format: { type: 'text' } }, []],
    ['several choices but not one', { n: 2 }, ['n']],
    ['no single choice', { n: 1 }, []],
    ['no switch that is off', { logprobs: false, include_reasoning: false }, []],
  ])('counts as parameters %s', (_, request, expected) => {
    expect(counted(request)).toEqual(expected)
  })

  it.each<[Partial<ChatRequest>, string[]]>([
    [{ max_completion_tokens: 5 }, ['max_tokens', 'max_completion_tokens']],
    [{ parallel_tool_calls: true }, ['tools']],
    [{ reasoning_effort: 'low' }, ['reasoning', 'reasoning_effort', 'include_reasoning']],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
      ['structured_outputs', 'response_format'],
    ],
    [{ response_format: { type: 'json_object' } }, ['response_format']],
  ])('says what satisfies %j', (request, anyOf) => {
    expect(needs(request).parameters[0]?.anyOf).toEqual(anyOf)
  })

  it('prefers max_completion_tokens', () => {
    expect(needs({ max_tokens: 5, max_completion_tokens: 7 }).maxOutputTokens).toBe(7)
    expect(needs({ max_tokens: 5, max_completion_tokens: null }).maxOutputTokens).toBe(5)
    expect(needs({}).maxOutputTokens).toBeNull()
  })
})

describe('the estimate of prompt tokens', () => {
  const english = 'The quick brown fox jumps over the lazy dog, and nobody in the village was surprised. '
  const chinese = '今天天气很好我们一起去公园散步吧'

  function tokensOf(text: string) {
    const { promptTokensEstimate, minPromptTokens } = needs({ messages: [{ role: 'user', content: text }] })
    return { promptTokensEstimate, minPromptTokens }
  }

  it('is about right for English and for Chinese', () => {
    // 19 tokens a sentence, and about 10 to 16 a line, by the common tokenizers.
    const inEnglish = tokensOf(english.repeat(1000)).promptTokensEstimate
    expect(inEnglish).toBeGreaterThan(15_000)
    expect(inEnglish).toBeLessThan(30_000)
    const inChinese = tokensOf(chinese.repeat(1000)).promptTokensEstimate
    expect(inChinese).toBeGreaterThan(9000)
    expect(inChinese).toBeLessThan(17_000)
  })

  it('has a lower bound that stays below what any tokenizer makes', () => {
    expect(tokensOf(english.repeat(1000)).minPromptTokens).toBeLessThan(15_000)
    expect(tokensOf(english.repeat(1000)).minPromptTokens).toBeGreaterThan(5000)
    expect(tokensOf(chinese.repeat(1000)).minPromptTokens).toBeLessThan(9000)
    // A single token may hold a hundred blanks.
    expect(tokensOf(' '.repeat(1_000_000)).minPromptTokens).toBe(0)
  })

  it('counts tools, arguments and media', () => {
    const base = needs({}).promptTokensEstimate
    const description = english.repeat(10)
    const withTool = { ...tool, function: { ...tool.function, description } }
    expect(needs({ tools: [withTool] }).promptTokensEstimate - base).toBeGreaterThan(150)
    const call = { id: 'c', type: 'function' as const, function: { name: 'look', arguments: description } }
    expect(
      needs({ messages: [...hello, { role: 'assistant', content: null, tool_calls: [call] }] }).promptTokensEstimate -
        base,
    ).toBeGreaterThan(150)
    const image: ContentPart = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(1e6)}` } }
    const weighed = needs({ messages: [{ role: 'user', content: [image] }] })
    expect(weighed.promptTokensEstimate).toBe(1000)
    expect(weighed.minPromptTokens).toBe(0)
  })

  it('survives a schema nested beyond reason', () => {
    const parameters = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`) as Record<string, unknown>
    expect(needs({ tools: [{ type: 'function', function: { name: 'deep', parameters } }] }).tools).toBe(true)
  })

  it('is there for a hundred thousand messages', () => {
    const messages: ChatRequest['messages'] = Array.from({ length: 100_000 }, () => ({
      role: 'user',
      content: english,
    }))
    const { promptTokensEstimate } = needs({ messages })
    expect(promptTokensEstimate).toBeGreaterThan(1_000_000)
  })
})
