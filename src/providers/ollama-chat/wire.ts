import { newCallId } from '../new-call-id.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify, type DecodeOptions, decodeBody, OllamaStreamDecoder } from './decode.ts'
import { encode } from './encode.ts'

/**
 * The `ollama-chat` wire: Ollama's own API. Its OpenAI-shaped one cannot be told how long a context may be, and cuts
 * off in silence what is longer than its default.
 */
export const ollamaChatWire: Wire = {
  name: 'ollama-chat',
  encode,
  decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
  decodeStream: (input) => new OllamaStreamDecoder(optionsOf(input)),
  classify,
}

function optionsOf({ target }: DecodeInput): DecodeOptions {
  return { newCallId, secrets: secretsOf(target.credential) }
}
