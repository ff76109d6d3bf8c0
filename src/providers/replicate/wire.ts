import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify, type DecodeOptions, decodeBody, ReplicateStreamDecoder } from './decode.ts'
import { encode } from './encode.ts'
import { follow } from './follow.ts'

/** The `replicate` wire: predictions, and the event streams of those that have one. */
export const replicateWire: Wire = {
  name: 'replicate',
  encode,
  follow,
  decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
  decodeStream: (input) => new ReplicateStreamDecoder(optionsOf(input)),
  classify,
}

function optionsOf({ target }: DecodeInput): DecodeOptions {
  return { thinkTags: target.model.reasoning.supported, secrets: secretsOf(target.credential) }
}
