import { newCallId } from '../new-call-id.ts'
import { classify } from '../openai-chat/classify.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { decodeBody, ResponsesStreamDecoder } from './decode.ts'
import { encode } from './encode.ts'
import { kindOf } from './kind-of.ts'
import type { ReadOptions } from './response-reader.ts'
import type { ResponsesFacts } from './responses-facts.ts'

/** The `openai-responses` wire as one provider speaks it. */
export function openAiResponsesWire(facts: ResponsesFacts): Wire {
  const optionsOf = ({ target }: DecodeInput): ReadOptions => ({
    format: facts.format,
    newCallId,
    secrets: secretsOf(target.credential),
  })
  return {
    name: 'openai-responses',
    encode: (input) => encode(input, facts),
    decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
    decodeStream: (input) => new ResponsesStreamDecoder(optionsOf(input)),
    classify: (answer) => classify(answer, (status, error) => facts.kindOf?.(status, error) ?? kindOf(status, error)),
  }
}
