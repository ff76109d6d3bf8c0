import { ChatResult$inboundSchema } from '@openrouter/sdk/models/chatresult.js'
import type { ChatCompletion } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import { assembleCompletion, type CompletionOptions } from '../../src/chat/completion.ts'
import type { Envelope } from '../../src/chat/envelope.ts'
import type { Part } from '../../src/chat/parts.ts'
import { noUsage } from '../../src/chat/usage.ts'
import { usageJson } from '../../src/chat/usage-json.ts'

const envelope: Envelope = {
  id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
  created: 1_790_000_000,
  model: 'acme/m1',
  provider: 'Acme',
}
const usage = usageJson(
  { ...noUsage, promptTokens: 120, completionTokens: 38, reasoningTokens: 12 },
  { costNanoUsd: 930_000, promptNanoUsd: 360_000, completionNanoUsd: 570_000 },
  false,
)

/** The body as an OpenAI client types it, with what OpenRouter adds. */
type Body = ChatCompletion & { provider: string }

function assembled(parts: Part[], options: Partial<CompletionOptions> = {}): Body {
  const body = assembleCompletion(parts, envelope, { usage, ...options })
  expect(ChatResult$inboundSchema.safeParse(JSON.parse(JSON.stringify(body))).error).toBeUndefined()
  return body as unknown as Body
}

const stop: Part = { type: 'finish', reason: 'stop', native: 'end_turn' }

describe('a completion', () => {
  it('is the example of the contract', () => {
    const body = assembled([
      { type: 'start', upstreamId: 'msg_1' },
      {
        type: 'reasoning-delta',
        text: 'need the ',
        details: [{ type: 'reasoning.text', text: 'need the ', id: null, format: 'anthropic-claude-v1', index: 0 }],
      },
      {
        type: 'reasoning-delta',
        text: 'weather',
        details: [{ type: 'reasoning.text', text: 'weather', signature: 'sig==', index: 0 }],
      },
      { type: 'tool-call-delta', index: 0, id: 'call_7Hq2', name: 'weather', arguments: '{"city":' },
      { type: 'tool-call-delta', index: 0, arguments: '"Oslo"}' },
      { type: 'finish', reason: 'tool_calls', native: 'tool_use' },
      { type: 'usage', usage: noUsage },
    ])
    expect(body).toEqual({
      id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
      object: 'chat.completion',
      created: 1790000000,
      model: 'acme/m1',
      provider: 'Acme',
      system_fingerprint: null,
      service_tier: null,
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          native_finish_reason: 'tool_use',
          logprobs: null,
          message: {
            role: 'assistant',
            content: '',
            refusal: null,
            reasoning: 'need the weather',
            reasoning_details: [
              {
                type: 'reasoning.text',
                text: 'need the weather',
                signature: 'sig==',
                id: null,
                format: 'anthropic-claude-v1',
                index: 0,
              },
            ],
            tool_calls: [
              {
                id: 'call_7Hq2',
                type: 'function',
                index: 0,
                function: { name: 'weather', arguments: '{"city":"Oslo"}' },
              },
            ],
          },
        },
      ],
      usage: {
        prompt_tokens: 120,
        completion_tokens: 38,
        total_tokens: 158,
        cost: 0.00093,
        is_byok: false,
        prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0, audio_tokens: 0, video_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 12, image_tokens: 0, audio_tokens: 0 },
        cost_details: {
          upstream_inference_cost: 0.00093,
          upstream_inference_prompt_cost: 0.00036,
          upstream_inference_completions_cost: 0.00057,
        },
      },
    })
  })

  it('leaves out what there is none of, rather than send null', () => {
    const { message } = assembled([{ type: 'text-delta', text: 'Hello' }, stop]).choices[0] ?? {}
    expect(message).toEqual({ role: 'assistant', content: 'Hello', refusal: null, reasoning: null })
  })

  it('holds every choice in its place', () => {
    const { choices } = assembled([
      { type: 'text-delta', text: 'b', choice: 1 },
      { type: 'text-delta', text: 'a' },
      { type: 'finish', reason: 'length', native: 'max_tokens', choice: 1 },
      { type: 'text-delta', text: 'a' },
      stop,
      { type: 'finish', reason: 'length', native: 'repeated' },
    ])
    expect(choices).toMatchObject([
      { index: 0, finish_reason: 'stop', message: { content: 'aa' } },
      { index: 1, finish_reason: 'length', message: { content: 'b' } },
    ])
  })

  it('completes tool calls that lack an id or arguments, and says that there are some', () => {
    const { choices } = assembled([{ type: 'tool-call-delta', index: 0, name: 'now', arguments: '' }, stop])
    expect(choices).toMatchObject([
      {
        finish_reason: 'tool_calls',
        message: { tool_calls: [{ id: expect.stringMatching(/^call_\w+$/), function: { arguments: '{}' } }] },
      },
    ])
  })

  it('never passes an answer without a finish off as a whole one', () => {
    expect(assembled([]).choices).toMatchObject([{ index: 0, finish_reason: 'error', message: { content: '' } }])
  })

  it('leaves reasoning out on request', () => {
    const parts: Part[] = [{ type: 'reasoning-delta', text: 'hm' }, { type: 'text-delta', text: 'x' }, stop]
    const { message } = assembled(parts, { excludeReasoning: true }).choices[0] ?? {}
    expect(message).toEqual({ role: 'assistant', content: 'x', refusal: null, reasoning: null })
  })

  it('keeps fields of the upstream that it does not know, but not in place of its own', () => {
    const extras = { id: 'chatcmpl-1', model: 'm1', system_fingerprint: 'fp_1', citations: ['https://a.example'] }
    expect(assembled([stop], { extras, serviceTier: 'flex' })).toMatchObject({
      id: envelope.id,
      model: 'acme/m1',
      system_fingerprint: 'fp_1',
      service_tier: 'flex',
      citations: ['https://a.example'],
    })
    expect(assembled([stop], { extras: { system_fingerprint: 7 } }).system_fingerprint).toBeNull()
  })

  it('holds more annotations than a call may have arguments', () => {
    const annotation = { type: 'url_citation' as const, url_citation: { url: 'https://a.example' } }
    const { choices } = assembled([
      { type: 'annotations', annotations: Array.from({ length: 300_000 }, () => annotation) },
    ])
    expect(choices[0]?.message.annotations).toHaveLength(300_000)
  })

  it('joins refusals, annotations, images, audio and log probabilities', () => {
    const tokens = Array.from({ length: 200_000 }, () => ({ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }))
    const { choices } = assembled([
      { type: 'text-delta', text: '', logprobs: { content: tokens } },
      { type: 'refusal-delta', text: 'I ca' },
      { type: 'refusal-delta', text: 'nnot' },
      { type: 'annotations', annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example' } }] },
      { type: 'image', image: { type: 'image_url', image_url: { url: 'data:,' } } },
      { type: 'audio-delta', audio: { id: 'audio_1', data: 'AA', transcript: 'he' } },
      { type: 'audio-delta', audio: { data: 'BB', expires_at: 5 } },
      { type: 'audio-delta', audio: { transcript: 'llo' } },
      { type: 'finish', reason: 'content_filter', native: 'refusal' },
    ])
    expect(choices[0]?.logprobs?.content).toHaveLength(200_000)
    expect(choices[0]?.message).toMatchObject({
      content: null,
      refusal: 'I cannot',
      annotations: [{ type: 'url_citation' }],
      images: [{ type: 'image_url' }],
      audio: { id: 'audio_1', data: 'AABB', transcript: 'hello', expires_at: 5 },
    })
  })
})
