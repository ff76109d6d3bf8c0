import type { Part } from '../../chat/parts.ts'
import { newCallId } from '../new-call-id.ts'
import { plainError } from '../openai-chat/classify.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify } from './classify.ts'
import { type DecodeOptions, readBody } from './decode.ts'
import { encode } from './encode.ts'
import { CohereStreamDecoder } from './stream-decoder.ts'

/** The `cohere-chat` wire: version 2 of Cohere's own API. */
export const cohereChatWire: Wire = {
  name: 'cohere-chat',
  encode,
  decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
  decodeStream: (input) => new CohereStreamDecoder(optionsOf(input)),
  classify,
}

function optionsOf({ target }: DecodeInput): DecodeOptions {
  return { newCallId, secrets: secretsOf(target.credential) }
}

/** A whole answer, or the stream that a provider sent although nobody asked for one. */
export function decodeBody(body: string, options: DecodeOptions): Part[] {
  if (/^\s*(data|event|:)/.test(body)) {
    const decoder = new CohereStreamDecoder(options)
    return [...decoder.push(new TextEncoder().encode(body)), ...decoder.end()]
  }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return plainError('malformed')
  }
  return readBody(value, options)
}
