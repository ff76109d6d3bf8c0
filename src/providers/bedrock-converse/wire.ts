import { newCallId } from '../new-call-id.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { classify } from './classify.ts'
import { type DecodeOptions, decodeBody } from './decode.ts'
import { encode } from './encode.ts'
import { modelFactsOf } from './model-facts.ts'
import { answerToolOf } from './response-format.ts'
import { BedrockStreamDecoder } from './stream-decoder.ts'
import { clientName } from './tool-names.ts'

/** Amazon Bedrock's Converse and ConverseStream. */
export const bedrockConverse: Wire = {
  name: 'bedrock-converse',
  encode,
  decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
  decodeStream: (input) => new BedrockStreamDecoder(optionsOf(input)),
  classify,
}

function optionsOf({ target, request }: DecodeInput): DecodeOptions {
  return {
    isClaude: modelFactsOf(target).claude !== null,
    answerTool: answerToolOf(target, request),
    nameOf: (name) => clientName(name, request.tools),
    newCallId,
    secrets: secretsOf(target.credential),
  }
}
