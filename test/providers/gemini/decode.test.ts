import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { decodeDocument } from '../../../src/providers/gemini/decode.ts'
import { GeminiStreamDecoder } from '../../../src/providers/gemini/stream-decoder.ts'
import { geminiWire } from '../../../src/providers/gemini/wire.ts'
import { hear, sse } from '../openai-chat/heard.ts'
import { decodeOptions, hello, target } from './gemini-target.ts'

type Json = Record<string, unknown>

function chunk(parts: Json[], more: Json = {}, top: Json = {}): Json {
  return { candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], ...top }
}

function stream(...events: unknown[]): Part[] {
  const decoder = new GeminiStreamDecoder(decodeOptions())
  return [...decoder.push(sse(...events)), ...decoder.end()]
}

function whole(body: unknown): Part[] {
  return decodeDocument(JSON.stringify(body), decodeOptions())
}

const stop = { finishReason: 'STOP' }

describe('an answer', () => {
  it('tells who answered, what was said, how it ended and what it took', () => {
    const usage = {
      promptTokenCount: 10,
      toolUsePromptTokenCount: 5,
      cachedContentTokenCount: 4,
      candidatesTokenCount: 7,
      thoughtsTokenCount: 3,
      totalTokenCount: 999,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 6 },
        { modality: 'AUDIO', tokenCount: 4 },
      ],
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 2 }],
      serviceTier: 'standard',
    }
    expect(
      whole({ ...chunk([{ text: 'Hi' }], stop), responseId: 'r', modelVersion: 'gemini-x', usageMetadata: usage }),
    ).toEqual([
      { type: 'start', upstreamId: 'r', upstreamModel: 'gemini-x', serviceTier: 'standard' },
      { type: 'text-delta', text: 'Hi' },
      { type: 'finish', reason: 'stop', native: 'STOP' },
      {
        type: 'usage',
        usage: {
          promptTokens: 15,
          completionTokens: 10,
          cachedTokens: 4,
          cacheWriteTokens: 0,
          reasoningTokens: 3,
          audioInputTokens: 4,
          audioOutputTokens: 0,
          imageOutputTokens: 2,
        },
      },
    ])
  })

  it('is called tool calls when it stops for them, with ids where Google gives none', () => {
    const parts = whole(
      chunk(
        [
          { functionCall: { name: 'add', args: { x: 1 } }, thoughtSignature: 'S' },
          { functionCall: { id: 'theirs', name: 'now' } },
        ],
        stop,
      ),
    )
    expect(parts).toEqual([
      {
        type: 'reasoning-delta',
        details: [{ type: 'reasoning.encrypted', data: 'S', id: 'made-1', format: 'google-gemini-v1', index: 0 }],
      },
      { type: 'tool-call-delta', index: 0, id: 'made-1', name: 'add', arguments: '{"x":1}' },
      { type: 'tool-call-delta', index: 1, id: 'theirs', name: 'now', arguments: '{}' },
      { type: 'finish', reason: 'tool_calls', native: 'STOP' },
    ])
  })

  it('keeps every digit of arguments', () => {
    const body =
      '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":123456789012345678}}}]},"finishReason":"STOP"}]}'
    expect(hear(decodeDocument(body, decodeOptions())).choices[0]?.calls[0]?.arguments).toBe(
      '{"id":123456789012345678}',
    )
  })

  it('gives thoughts as text and their signatures apart', () => {
    const parts = stream(
      chunk([{ text: 'Hm', thought: true }]),
      chunk([{ text: ' so', thought: true }]),
      chunk([{ text: 'Yes' }]),
      chunk([{ text: '', thoughtSignature: 'S' }], stop),
    )
    expect(hear(parts).choices[0]).toMatchObject({
      reasoning: 'Hm so',
      text: 'Yes',
      details: [
        { type: 'reasoning.text', text: 'Hm', format: 'google-gemini-v1', index: 0 },
        { type: 'reasoning.text', text: ' so', format: 'google-gemini-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'S', format: 'google-gemini-v1', index: 1 },
      ],
    })
  })

  it('begins another thought after a signed one', () => {
    const parts = whole(
      chunk(
        [
          { text: 'a', thought: true, thoughtSignature: 'S' },
          { text: 'b', thought: true },
        ],
        stop,
      ),
    )
    expect(hear(parts).choices[0]?.details.map(({ index }) => index)).toEqual([0, 1])
  })

  it('gives pictures and sound', () => {
    const parts = whole(
      chunk(
        [
          { inlineData: { mimeType: 'image/png', data: 'QQ==' }, thoughtSignature: 'S' },
          { inlineData: { mimeType: 'image/png', data: 'draft' }, thought: true },
          { inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: 'UENN' } },
        ],
        stop,
      ),
    )
    expect(parts.slice(0, 3)).toEqual([
      { type: 'image', image: { type: 'image_url', image_url: { url: 'data:image/png;base64,QQ==' }, index: 0 } },
      {
        type: 'reasoning-delta',
        details: [{ type: 'reasoning.encrypted', data: 'S', id: 'image_0', format: 'google-gemini-v1', index: 0 }],
      },
      { type: 'audio-delta', audio: { data: 'UENN' } },
    ])
  })

  it('cites its sources at the places that rest on them, counted in characters', () => {
    const text = 'Größe: 3 km.'
    const metadata = {
      groundingChunks: [
        { web: { uri: 'https://a.example', title: 'A' } },
        { web: { uri: 'https://b.example' } },
        { retrievedContext: {} },
      ],
      groundingSupports: [{ segment: { startIndex: 9, endIndex: 14, text: '3 km.' }, groundingChunkIndices: [0, 7] }],
    }
    const parts = stream(chunk([{ text }]), chunk([{ text: '' }], { ...stop, groundingMetadata: metadata }))
    expect(parts.find((part) => part.type === 'annotations')).toEqual({
      type: 'annotations',
      annotations: [
        {
          type: 'url_citation',
          url_citation: { url: 'https://a.example', title: 'A', content: '3 km.', start_index: 7, end_index: 12 },
        },
        { type: 'url_citation', url_citation: { url: 'https://b.example', title: '' } },
      ],
    })
    expect(text.slice(7, 12)).toBe('3 km.')
  })

  it('tells the log probabilities of its tokens', () => {
    const logprobsResult = {
      chosenCandidates: [{ token: 'H', logProbability: -0.5 }, { token: 'i' }],
      topCandidates: [{ candidates: [{ token: 'H', logProbability: -0.5 }] }],
    }
    const [text] = whole(chunk([{ text: 'Hi' }], { ...stop, logprobsResult }))
    expect(text).toEqual({
      type: 'text-delta',
      text: 'Hi',
      logprobs: {
        content: [
          { token: 'H', logprob: -0.5, bytes: [72], top_logprobs: [{ token: 'H', logprob: -0.5, bytes: [72] }] },
          { token: 'i', logprob: 0, bytes: [105], top_logprobs: [] },
        ],
      },
    })
  })

  it('keeps candidates apart', () => {
    const candidates = [0, 1].map((index) => ({ index, content: { parts: [{ text: `${index}` }] }, ...stop }))
    const { choices } = hear(whole({ candidates }))
    expect(choices.map((choice) => choice.text)).toEqual(['0', '1'])
  })

  it('puts arguments together that come path by path', () => {
    const piece = (functionCall: Json) => chunk([{ functionCall }])
    const { choices } = hear(
      stream(
        piece({ name: 'cook', willContinue: true }),
        piece({
          partialArgs: [{ jsonPath: '$.dish.parts[0].name', stringValue: 'Sal', willContinue: true }],
          willContinue: true,
        }),
        piece({ partialArgs: [{ jsonPath: '$.dish.parts[0].name', stringValue: 't' }], willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.dish.parts[9].g', numberValue: 5 }], willContinue: true }),
        piece({
          partialArgs: [
            { jsonPath: "$['very hot']", boolValue: true },
            { jsonPath: '$.__proto__', nullValue: null },
          ],
          willContinue: true,
        }),
        piece({}),
        piece({ name: 'now', willContinue: true }),
        chunk([], stop),
      ),
    )
    expect(choices[0]?.calls.map((call) => call.arguments)).toEqual([
      '{"dish":{"parts":[{"name":"Salt"},{"g":5}]},"very hot":true,"__proto__":null}',
      '{}',
    ])
    expect(choices[0]?.finish?.reason).toBe('tool_calls')
  })

  it('gives functions back the names that the client knows', () => {
    const request = { ...hello, tools: [{ type: 'function' as const, function: { name: '2fa' } }] }
    const body = JSON.stringify(chunk([{ functionCall: { name: '_2fa' } }], stop))
    const parts = geminiWire().decodeBody(body, { request, target: target() })
    expect(parts[0]).toMatchObject({ name: '2fa', id: expect.stringMatching(/^call_[0-9a-f]{24}$/) })
  })
})

describe('an ending', () => {
  it.each([
    ['MAX_TOKENS', 'length'],
    [2, 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['SPII', 'content_filter'],
    ['IMAGE_SAFETY', 'content_filter'],
    ['SOMETHING_NEW', 'stop'],
  ])('%s is %s', (finishReason, reason) => {
    expect(hear(whole(chunk([{ text: 'x' }], { finishReason }))).choices[0]?.finish?.reason).toBe(reason)
  })

  it.each([
    ['MALFORMED_FUNCTION_CALL', 'generation-failed'],
    ['UNEXPECTED_TOOL_CALL', 'generation-failed'],
    ['OTHER', 'stream-error'],
  ])('%s is a failure, and what it took is told before', (finishReason, kind) => {
    const parts = whole(chunk([], { finishReason }, { usageMetadata: { promptTokenCount: 3 } }))
    expect(parts.map((part) => part.type)).toEqual(['usage', 'error'])
    expect(parts.at(-1)).toMatchObject({ failure: { kind, providerCode: finishReason } })
  })

  it('that nobody knows after nothing was said is a failure', () => {
    expect(hear(whole({ candidates: [{ finishReason: 'SOMETHING_NEW' }] })).errors).toHaveLength(1)
  })

  it('of a refused prompt is a filter, although the answer is a 200 without candidates', () => {
    const blocked = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 9 } }
    for (const parts of [whole(blocked), stream(blocked)])
      expect(hear(parts)).toMatchObject({
        choices: [{ finish: { reason: 'content_filter', native: 'PROHIBITED_CONTENT' } }],
        usage: { promptTokens: 9 },
        errors: [],
      })
  })

  it('without parts is one all the same', () => {
    expect(hear(whole({ candidates: [{ content: {}, finishReason: 'SAFETY' }] })).choices[0]?.finish?.reason).toBe(
      'content_filter',
    )
  })
})

describe('what is no answer', () => {
  const kinds = (parts: Part[]) => parts.flatMap((part) => (part.type === 'error' ? [part.failure.kind] : []))

  it.each([
    ['null', 'malformed'],
    ['{}', 'malformed'],
    ['[]', 'malformed'],
    ['<html>', 'malformed'],
    ['{"candidates":[{}]}', 'malformed'],
    ['{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}', 'overloaded'],
    ['[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]', 'rate-limited'],
    ['{"error":{"code":500,"message":"Internal","status":"INTERNAL"}}', 'stream-error'],
  ])('as a body: %s is %s', (body, kind) => {
    expect(kinds(decodeDocument(body, decodeOptions()))).toEqual([kind])
  })

  it('in a stream ends it', () => {
    const parts = stream(
      chunk([{ text: 'Hal' }]),
      { error: { code: 503, message: 'overloaded' } },
      chunk([{ text: 'lo' }], stop),
    )
    expect(parts.map((part) => part.type)).toEqual(['text-delta', 'error'])
    expect(kinds(stream(chunk([{ text: 'a' }]), '{broken'))).toEqual(['malformed'])
  })

  it('is a stream that is cut before its finish, and not one that is cut after', () => {
    expect(kinds(stream(chunk([{ text: 'Hal' }])))).toEqual(['truncated'])
    expect(kinds(stream())).toEqual(['truncated'])
    expect(kinds(stream(chunk([{ text: 'Hallo' }], stop)))).toEqual([])
  })

  it('tells no secret', () => {
    const options = decodeOptions({ secrets: ['AIza-very-secret-key'] })
    const [error] = decodeDocument('{"error":{"code":400,"message":"bad key AIza-very-secret-key"}}', options)
    expect(JSON.stringify(error)).not.toContain('very-secret')
  })
})

describe('a stream in another form', () => {
  const list = JSON.stringify([chunk([{ text: 'Hal' }]), chunk([{ text: 'lo' }], stop)])

  it('is a list of chunks, as comes without alt=sse', () => {
    const bytes = new TextEncoder().encode(`\n${list}\n`)
    const decoder = new GeminiStreamDecoder(decodeOptions())
    const parts = [...bytes].flatMap((byte) => decoder.push(Uint8Array.of(byte)))
    parts.push(...decoder.end())
    expect(hear(parts)).toMatchObject({ choices: [{ text: 'Hallo' }], errors: [] })
    expect(hear(decodeDocument(list, decodeOptions())).choices[0]?.text).toBe('Hallo')
  })

  it('is a list that breaks off, and then truncated', () => {
    const decoder = new GeminiStreamDecoder(decodeOptions())
    decoder.push(new TextEncoder().encode(list.slice(0, 30)))
    expect(decoder.end()).toMatchObject([{ type: 'error', failure: { kind: 'truncated' } }])
    expect(decoder.end()).toEqual([])
  })

  it('is a stream where a body was asked for', () => {
    const body = new TextDecoder().decode(sse(chunk([{ text: 'Hi' }], stop), '[DONE]'))
    expect(hear(geminiWire().decodeBody(body, { request: hello, target: target() }))).toMatchObject({
      choices: [{ text: 'Hi' }],
      errors: [],
    })
  })
})

describe('arguments that nest deeper than the stack goes', () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const answer = (call: string) =>
    `{"candidates":[{"content":{"parts":[{"functionCall":${call}}]},"finishReason":"STOP","index":0}]}`
  const malformed = [{ type: 'error', failure: expect.objectContaining({ kind: 'malformed' }) }]

  it.each([
    ['whole', answer(`{"name":"add","args":${deep}}`)],
    ['begun', answer(`{"name":"add","willContinue":true,"args":${deep}}`)],
  ])('are malformed, in a stream and in a document: %s', (_, body) => {
    const decoder = new GeminiStreamDecoder(decodeOptions())
    expect([...decoder.push(new TextEncoder().encode(`data: ${body}\n\n`)), ...decoder.end()]).toEqual(malformed)
    expect(decodeDocument(body, decodeOptions())).toEqual(malformed)
  })

  it('are malformed in a document that ends within the call', () => {
    const body = answer(`{"name":"add","willContinue":true,"args":${deep}}`)
    expect(decodeDocument(body.replace('"finishReason":"STOP",', ''), decodeOptions())).toEqual(malformed)
  })
})
