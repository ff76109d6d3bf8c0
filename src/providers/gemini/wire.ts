import { newCallId } from '../new-call-id.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify } from './classify.ts'
import { type DecodeOptions, decodeDocument } from './decode.ts'
import { encode } from './encode.ts'
import { clientName } from './function-names.ts'
import type { GeminiFacts } from './provider-facts.ts'
import { GeminiStreamDecoder } from './stream-decoder.ts'

/** The `gemini` wire, `generateContent`, as one of Google's two doors speaks it. */
export function geminiWire(facts: GeminiFacts = {}): Wire {
  return {
    name: 'gemini',
    encode: (input) => encode(input, facts),
    decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
    decodeStream: (input) => new GeminiStreamDecoder(optionsOf(input)),
    classify,
  }
}

function optionsOf({ target, request }: DecodeInput): DecodeOptions {
  return {
    newCallId,
    clientName: (name) => clientName(name, request.tools),
    secrets: secretsOf(target.credential),
  }
}

/** A whole answer, or the stream that a provider sent although nobody asked for one. */
function decodeBody(body: string, options: DecodeOptions) {
  if (!/^\s*(data|event|:)/.test(body)) return decodeDocument(body, options)
  const decoder = new GeminiStreamDecoder(options)
  return [...decoder.push(new TextEncoder().encode(body)), ...decoder.end()]
}
