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

  it('survives a schema nested beyond reason, and counts it to its end', () => {
    const text = english.repeat(100)
    const nested = `${'{"a":'.repeat(20_000)}${JSON.stringify(text)}${'}'.repeat(20_000)}`
    const parameters = JSON.parse(nested) as Record<string, unknown>
    const seen = needs({ tools: [{ type: 'function', function: { name: 'deep', parameters } }] })
    expect(seen.tools).toBe(true)
    expect(seen.promptTokensEstimate).toBeGreaterThan(tokensOf(text).promptTokensEstimate)
  })

  const long = english.repeat(1000)
  const call = { id: 'c', type: 'function' as const, function: { name: long, arguments: '{}' } }
  const details = [{ type: 'reasoning.text' as const, text: long }]
  const unknownPart = { type: 'thinking', thinking: long } as unknown as ContentPart
  const file = (type: string): ContentPart => ({
    type: 'file',
    file: { file_data: `data:${type};base64,${btoa(long)}` },
  })
  it.each<[string, ChatRequest['messages'][number]]>([
    ['a name', { role: 'user', content: 'x', name: long }],
    ['a refusal', { role: 'assistant', content: null, refusal: long }],
    ['reasoning', { role: 'assistant', content: 'x', reasoning: long }],
    ['reasoning_content', { role: 'assistant', content: 'x', reasoning_content: long }],
    ['reasoning_details', { role: 'assistant', content: 'x', reasoning_details: details }],
    ['the name of a call', { role: 'assistant', content: null, tool_calls: [call] }],
    ['an unknown part', { role: 'user', content: [unknownPart] }],
    ['a text file', { role: 'user', content: [file('text/markdown')] }],
  ])('counts %s like content: a reservation must not miss what a provider may bill', (_, message) => {
    const expected = tokensOf(long).promptTokensEstimate
    const seen = needs({ messages: [...hello, message] })
    expect(seen.promptTokensAtMost).toBeGreaterThan(expected * 0.9)
    expect(seen.promptTokensAtMost).toBeLessThan(expected * 1.2)
  })

  it('counts reasoning once where it is told as text and in detail', () => {
    const message = { role: 'assistant' as const, content: 'x', reasoning: long, reasoning_details: details }
    expect(needs({ messages: [message] }).promptTokensAtMost).toBeLessThan(tokensOf(long).promptTokensEstimate * 1.1)
  })

  it.each<Partial<ChatRequest>>([
    { prediction: { type: 'content', content: long } },
    { documents: [{ title: 'a', text: long }] },
    { response_format: { type: 'grammar', grammar: long } },
  ])('counts what goes along beside the messages (%#)', (extra) => {
    const seen = needs(extra)
    expect(seen.promptTokensAtMost).toBeGreaterThan(tokensOf(long).promptTokensEstimate * 0.9)
    expect(seen.outsideMessagesTokens).toBe(0)
    expect(seen.minPromptTokens).toBe(needs({}).minPromptTokens)
  })

  it('refuses and leaves out nothing for the sake of what a provider may not count', () => {
    const messages: ChatRequest['messages'] = [...hello, { role: 'assistant', content: 'x', reasoning: long }]
    expect(needs({ messages }).minPromptTokens).toBeLessThan(10)
    expect(needs({ messages }).promptTokensEstimate).toBeLessThan(10)
  })

  it('weighs a large document or recording by its bytes', () => {
    const data = 'A'.repeat(4_000_000)
    const weigh = (part: ContentPart) => {
      const weighed = needs({ messages: [{ role: 'user', content: [part] }] })
      expect(weighed.promptTokensEstimate).toBe(1000)
      return weighed.promptTokensAtMost
    }
    expect(weigh({ type: 'file', file: { file_data: `data:application/pdf;base64,${data}` } })).toBeGreaterThan(100_000)
    expect(weigh({ type: 'input_audio', input_audio: { data, format: 'wav' } })).toBe(6000)
    expect(weigh({ type: 'video_url', video_url: { url: `data:video/mp4;base64,${data}` } })).toBeGreaterThan(6000)
    expect(weigh({ type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } })).toBe(1000)
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
