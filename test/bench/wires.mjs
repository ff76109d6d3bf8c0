// What a streamed chunk from another wire costs beside one that goes straight through: `node test/bench/wires.mjs`. Both
// sides are whole stages, upstream bytes in and client bytes out, a read an event. Aim: under 4 times the CPU.

import { EventStreamCodec } from '@smithy/eventstream-codec'
import { chatDialect } from '../../src/api/chat-completions/dialect.ts'
import { PartStage } from '../../src/chat/part-stage.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { speakerOf } from '../support/recorded/scope.ts'
import { median, table } from './figures.mjs'

const words = ['The', ' answer', ' is', ' forty', '-two', ',', ' as', ' ever', '.', ' Grüße', ' 🌍', '\n']
const chunks = 4000
const rounds = 15

const utf8 = new TextEncoder()
const codec = new EventStreamCodec(String, (text) => utf8.encode(text))
const sse = (data, name) => utf8.encode(`${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n`)
const frame = (type, payload) =>
  codec.encode({
    headers: Object.fromEntries(
      Object.entries({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }).map(
        ([name, value]) => [name, { type: 'string', value }],
      ),
    ),
    body: utf8.encode(JSON.stringify(payload)),
  })

/** The events of one wire: what comes before the text, one piece of text, and how it ends. Shaped as recorded. */
const streams = {
  'openai-chat': {
    open: [],
    piece: (content) =>
      sse({
        id: 'chatcmpl-CZzEGTHtIdZFFrCIcQsGJrd1s4yLR',
        object: 'chat.completion.chunk',
        created: 1762436404,
        model: 'gpt-4.1-2025-04-14',
        service_tier: 'default',
        system_fingerprint: 'fp_daf5fcc80a',
        choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
        usage: null,
      }),
    close: [sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })],
  },
  'openai-responses': {
    open: [
      sse({ type: 'response.created', response: { id: 'resp_1', model: 'gpt-5.1' } }, 'response.created'),
      sse(
        { type: 'response.output_item.added', output_index: 0, item: { id: 'msg_1', type: 'message', content: [] } },
        'response.output_item.added',
      ),
    ],
    piece: (delta, index) =>
      sse(
        {
          type: 'response.output_text.delta',
          sequence_number: index,
          item_id: 'msg_0d9a87a8899d31be0068f966c376e481948b002160f58809be',
          output_index: 0,
          content_index: 0,
          delta,
          logprobs: [],
          obfuscation: 'aBcDeFgH',
        },
        'response.output_text.delta',
      ),
    close: [sse({ type: 'response.completed', response: { status: 'completed', output: [] } }, 'response.completed')],
  },
  'anthropic-messages': {
    open: [
      sse(
        { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 9, output_tokens: 1 } } },
        'message_start',
      ),
      sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
    ],
    piece: (text) =>
      sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta'),
    close: [
      sse({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
      sse({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }, 'message_delta'),
      sse({ type: 'message_stop' }, 'message_stop'),
    ],
  },
  gemini: {
    open: [],
    piece: (text) =>
      sse({
        candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }],
        usageMetadata: {
          promptTokenCount: 12,
          candidatesTokenCount: 34,
          totalTokenCount: 146,
          promptTokensDetails: [{ modality: 'TEXT', tokenCount: 12 }],
          thoughtsTokenCount: 100,
        },
        modelVersion: 'gemini-3-flash-preview',
        responseId: 'dqHOab6xGLzWodAPkPuViA4',
      }),
    close: [sse({ candidates: [{ finishReason: 'STOP', index: 0 }] })],
  },
  'bedrock-converse': {
    open: [frame('messageStart', { role: 'assistant', p: 'abcdefghijk' })],
    piece: (text) => frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text }, p: 'abcdefghijklmnopqrstu' }),
    close: [frame('contentBlockStop', { contentBlockIndex: 0 }), frame('messageStop', { stopReason: 'end_turn' })],
  },
  'cohere-chat': {
    open: [sse({ type: 'message-start', id: '1', delta: { message: { role: 'assistant' } } }, 'message-start')],
    piece: (text) =>
      sse({ type: 'content-delta', index: 0, delta: { message: { content: { text } } } }, 'content-delta'),
    close: [sse({ type: 'message-end', delta: { finish_reason: 'COMPLETE' } }, 'message-end')],
  },
  'ollama-chat': {
    open: [],
    piece: (content) =>
      utf8.encode(
        `${JSON.stringify({ model: 'gemma3:1b', created_at: '2026-08-20T13:47:55.580951Z', message: { role: 'assistant', content }, done: false })}\n`,
      ),
    close: [utf8.encode(`${JSON.stringify({ message: { content: '' }, done: true, done_reason: 'stop' })}\n`)],
  },
  replicate: {
    open: [],
    piece: (text, index) => utf8.encode(`event: output\nid: 1762436404:${index}\ndata: ${text}\n\n`),
    close: [utf8.encode('event: done\ndata: {}\n\n')],
  },
}

const envelope = { id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt', created: 1_790_000_000, model: 'a/b', provider: 'Acme' }
const request = { messages: [{ role: 'user', content: 'Hello' }] }

/** Makes the stage of a wire; `spliced` is the straight-through one. */
function stageOf(name, spliced) {
  const { slug, upstreamId, engine = null } = speakerOf[name]
  const provider = providerRecord({ slug, kind: 'cloud', engine })
  const endpoint = endpointRecord({ provider, upstreamId })
  const wire = providerOf(provider).wire(endpoint)
  const input = {
    target: { endpoint, model: modelEntry().model, baseUrl: 'https://up.example', credential: null },
    request,
  }
  const encoder = chatDialect.encoder(envelope, { excludeReasoning: false })
  return spliced
    ? wire.splice(input, { envelope, encoder, excludeReasoning: false })
    : new PartStage(wire.decodeStream(input), encoder)
}

/** Microseconds of CPU a chunk, one stream from its first byte to its last. */
function run(name, spliced, reads) {
  const stage = stageOf(name, spliced)
  const before = process.cpuUsage()
  let sent = 0
  for (const read of reads) {
    stage.push(read)
    sent += stage.take()?.length ?? 0
  }
  stage.end()
  const { user, system } = process.cpuUsage(before)
  if (stage.progress.failure) throw new Error(`${name}: ${stage.progress.failure.message}`)
  if (sent < chunks * 100) throw new Error(`${name}: only ${sent} bytes came out`)
  return (user + system) / chunks
}

const readsOf = ({ open, piece, close }) => [
  ...open,
  ...Array.from({ length: chunks }, (_, index) => piece(words[index % words.length], index)),
  ...close,
]

const contestants = [
  ['straight through', 'openai-chat', true],
  ...Object.keys(streams).map((name) => [name, name, false]),
].map(([label, name, spliced]) => ({ label, name, spliced, reads: readsOf(streams[name]), costs: [] }))

// In turns, so that a busy moment of the machine is everybody's.
for (let round = -3; round < rounds; round++) {
  for (const { name, spliced, reads, costs } of contestants) {
    const cost = run(name, spliced, reads)
    if (round >= 0) costs.push(cost)
  }
}

const base = median(contestants[0].costs)
const rows = contestants.map(({ label, costs }) => [label, median(costs).toFixed(2), (median(costs) / base).toFixed(2)])
console.log(table(['wire', 'µs CPU a chunk', 'ratio'], rows))
