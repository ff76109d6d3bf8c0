import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/chat/parts.ts'
import { googleVertex } from '../../src/providers/google-vertex.ts'
import type { DecodeInput } from '../../src/providers/wire.ts'
import { endpointRecord, modelEntry } from '../support/catalog-records.ts'
import { hear } from './openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from './recordings.ts'

// biome-ignore lint/suspicious/noExplicitAny: the expectation is read without the code under test, from JSON as it is.
type Json = any

const endpoint = endpointRecord({ upstreamId: 'claude-3-7-sonnet@20250219' })
const input: DecodeInput = {
  request: { messages: [] },
  target: { endpoint, model: modelEntry().model, baseUrl: 'https://x.example', credential: null },
}

function claude() {
  const wire = googleVertex.wire(endpoint)
  if (!wire) throw new Error('No wire.')
  return wire
}

/** What a recording says, gathered the plain way. */
function expectedOf(recording: Recording) {
  const text = new TextDecoder().decode(bodyOf(recording))
  if (recording.body_kind === 'json') {
    const body: Json = JSON.parse(text)
    const said = (type: string) => body.content.filter((block: Json) => block.type === type)
    return {
      text: said('text')
        .map((block: Json) => block.text)
        .join(''),
      args: said('tool_use').map((block: Json) => JSON.stringify(block.input)),
      native: body.stop_reason,
      usage: body.usage,
    }
  }
  const events: Json[] = text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)))
  const deltas = events.filter((event) => event.type === 'content_block_delta').map((event) => event.delta)
  const args = deltas.map((delta) => delta.partial_json ?? '').join('')
  const end = events.find((event) => event.type === 'message_delta')
  return {
    text: deltas.map((delta) => delta.text ?? '').join(''),
    args: args === '' ? [] : [args],
    native: end.delta.stop_reason,
    usage: { ...events[0].message.usage, ...end.usage },
  }
}

function decode(pieces: Uint8Array[]): Part[] {
  const decoder = claude().decodeStream(input)
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()]
}

describe.skipIf(!haveRecordings)('recorded Claude on Vertex', () => {
  const all = recordingsOf('vertex-anthropic-rawpredict')

  it('is heard completely, however it is cut', () => {
    expect(all.length).toBe(5)
    const random = seeded(3)
    for (const recording of all) {
      const bytes = bodyOf(recording)
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() ** 3 * 300))
      const parts =
        recording.body_kind === 'sse'
          ? decode(cut(bytes, lengths))
          : claude().decodeBody(new TextDecoder().decode(bytes), input)
      const { choices, usage, errors } = hear(parts)
      const want = expectedOf(recording)
      expect(errors, recording.id).toEqual([])
      expect(choices[0]?.text ?? '', recording.id).toBe(want.text)
      expect(choices[0]?.calls.map((call) => call.arguments) ?? [], recording.id).toEqual(want.args)
      expect(choices[0]?.finish, recording.id).toEqual({
        native: want.native,
        reason: want.native === 'tool_use' ? 'tool_calls' : 'stop',
      })
      const { input_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: written } = want.usage
      expect(usage, recording.id).toMatchObject({
        promptTokens: input_tokens + (read ?? 0) + (written ?? 0),
        completionTokens: want.usage.output_tokens,
        cachedTokens: read ?? 0,
        cacheWriteTokens: written ?? 0,
      })
    }
  })
})
