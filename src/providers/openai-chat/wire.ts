import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify } from './classify.ts'
import {
  ChatStreamDecoder,
  type DecodeOptions,
  decodeWhole,
  flushChunks,
  newChunkState,
  normaliseChunk,
} from './decode.ts'
import { encode } from './encode.ts'
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
    decodeBody: (body, input) => decodeWhole(body, optionsOf(input)).parts,
    decodeWhole: (body, input) => decodeWhole(body, optionsOf(input)),
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
  }
}

/** Random, because it has to be unique in a conversation, and upstreams without ids for calls have none for answers. */
function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}
