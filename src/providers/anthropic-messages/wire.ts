import { newCallId } from '../new-call-id.ts'
import type { KindOf } from '../openai-chat/classify.ts'
import { secretsOf } from '../secrets-of.ts'
import type { DecodeInput, Wire } from '../wire.ts'
import { answerToolOf } from './answer-format.ts'
import { classify, kindOf as commonKindOf } from './classify.ts'
import { decodeBody, MessageStreamDecoder } from './decode.ts'
import { encode } from './encode.ts'
import type { MessagesHost } from './host.ts'
import type { DecodeOptions } from './message-events.ts'
import { ToolNames } from './tool-names.ts'

/** The `anthropic-messages` wire as one host of it speaks it; Anthropic's own when nothing is said. */
export function anthropicMessages(host: MessagesHost = {}): Wire {
  const kindOf: KindOf = (status, error) => host.kindOf?.(status, error) ?? commonKindOf(status, error)
  const optionsOf = (input: DecodeInput) => decodeOptionsOf(input, kindOf)
  return {
    name: 'anthropic-messages',
    maxMessages: 1_000,
    encode: (input) => encode(input, host),
    decodeBody: (body, input) => decodeBody(body, optionsOf(input)),
    decodeStream: (input) => new MessageStreamDecoder(optionsOf(input)),
    classify: (answer) => classify(answer, host.kindOf),
  }
}

/** How the answer to a request is read, for hosts that frame the events in a way of their own. */
export function decodeOptionsOf({ request, target }: DecodeInput, kindOf: KindOf = commonKindOf): DecodeOptions {
  const names = new ToolNames(request)
  return {
    clientName: (name) => names.given(name),
    answerTool: answerToolOf(request, names),
    newCallId,
    secrets: secretsOf(target.credential),
    kindOf,
  }
}
