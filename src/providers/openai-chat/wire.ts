import { asRecord, type JsonRecord } from '../foreign-json.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify } from './classify.ts'
import {
  ChatStreamDecoder,
  type DecodeOptions,
  decodeBody,
  flushChunks,
  newChunkState,
  normaliseChunk,
} from './decode.ts'
import { encode } from './encode.ts'
import { ownFields } from './own-fields.ts'
import type { ProviderFacts } from './provider-facts.ts'
import { ChatSplice } from './splice.ts'

/** The `openai-chat` wire as one provider speaks it. */
export function openAiChatWire(facts: ProviderFacts): Wire {
  const optionsOf = ({ target }: DecodeInput): DecodeOptions => ({
    thinkTags: facts.thinkTags === true && target.model.reasoning.supported,
    usageIsFinish: facts.usageIsFinish === true,
    newCallId,
    secrets: secretsOf(target.credential),
    ...(facts.kindOf ? { kindOf: facts.kindOf } : {}),
  })
  return {
    name: 'openai-chat',
    encode: (input) => encode(input, facts),
    decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
    decodeStream: (input) => new ChatStreamDecoder(optionsOf(input)),
    classify: (answer) => classify(answer, facts.kindOf),
    splice: (input, { envelope, encoder, excludeReasoning }) => {
      const options = optionsOf(input)
      const state = newChunkState(options)
      const stage = new ChatSplice({
        envelope,
        encoder,
        excludeReasoning,
        decodeEverything: options.thinkTags,
        decode: (event, name) => {
          state.producedElsewhere ||= stage.progress.upstreamContent
          return normaliseChunk(event, state, name)
        },
        decodeEnd: () => flushChunks(state),
      })
      return stage
    },
    extras: extrasOf,
  }
}

/** Random, because it has to be unique in a conversation, and upstreams without ids for calls have none for answers. */
function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}

const own: ReadonlySet<string> = new Set(ownFields)

function extrasOf(text: string): Record<string, unknown> {
  let body: JsonRecord | undefined
  try {
    body = asRecord(JSON.parse(text))
  } catch {
    return {}
  }
  const extras: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(body ?? {})) if (value !== null && !own.has(field)) extras[field] = value
  return extras
}
