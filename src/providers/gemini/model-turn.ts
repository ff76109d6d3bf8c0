import type { ReasoningDetail } from '../../chat/parts.ts'
import type { ContentPart, Message, ToolCall } from '../../chat/request.ts'
import { parseExactJson } from '../exact-json.ts'
import { asRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { type GeminiPart, reasoningFormat } from './format.ts'
import { geminiName } from './function-names.ts'
import { encodePart, fromUrl } from './media.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>

/**
 * What Google documents for a call whose signature is not to be had, e.g. one that another model made:
 * `skip_thought_signature_validator`, in base64 like every signature.
 */
const noSignature = 'c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I='

export interface ModelTurnOptions {
  /** The model thinks, so that its thoughts may come back. */
  thinks: boolean
  /** A call of this message without a signature would be refused. */
  mustBeSigned: boolean
  /** What stands before ends with calls, which calls without anything else join: of those the first alone is signed. */
  afterCalls: boolean
  note: Note
}

/** A signature on its way back, and what it belongs to: the id of a call, the name of an image, or null for the text. */
interface Signature {
  id: string | null
  data: string
}

/** The parts of an assistant's earlier message: thoughts, text, images, calls, each with the signature it came with. */
export function encodeModelTurn(message: AssistantMessage, options: ModelTurnOptions): GeminiPart[] {
  const { note } = options
  const { thoughts, signatures } = readDetails(message.reasoning_details ?? [], options)
  const said = textParts(message, note)
  const images = (message.images ?? [])
    .map((image) => fromUrl(image.image_url?.url ?? '', 'image/png'))
    .filter((part) => part !== null)
  const calls = (message.tool_calls ?? []).map((call) => encodeCall(call, note))
  sign(signatures, said, images, calls)
  const joins = options.afterCalls && thoughts.length + said.length + images.length === 0
  const [first] = calls
  if (first && options.mustBeSigned && !joins && first.thoughtSignature === undefined) {
    first.thoughtSignature = noSignature
    note('messages.reasoning_details', 'emulated', 'no-signature')
  }
  return [...thoughts, ...said, ...images, ...calls]
}

/** The name under which the signature of a generated image travels. */
export function imageName(index: number): string {
  return `image_${index}`
}

function readDetails(
  details: readonly ReasoningDetail[],
  { thinks, note }: ModelTurnOptions,
): { thoughts: GeminiPart[]; signatures: Signature[] } {
  const thoughts: GeminiPart[] = []
  const signatures: Signature[] = []
  for (const detail of details) {
    if (detail.format !== reasoningFormat) {
      note('messages.reasoning_details', 'dropped', 'format-of-another-model')
      continue
    }
    if (detail.type === 'reasoning.encrypted') {
      signatures.push({ id: detail.id ?? null, data: detail.data })
      continue
    }
    if (detail.type !== 'reasoning.text' && detail.type !== 'reasoning.summary') {
      // Kinds grow with time, and the border lets unknown ones through.
      note('messages.reasoning_details', 'dropped', 'unknown-kind')
      continue
    }
    const signature = detail.type === 'reasoning.text' ? (detail.signature ?? undefined) : undefined
    const text = detail.type === 'reasoning.text' ? (detail.text ?? '') : detail.summary
    // Some routers put the signature of the answer into a thought without words.
    if (text === '') {
      if (signature !== undefined) signatures.push({ id: detail.id ?? null, data: signature })
    } else if (thinks)
      thoughts.push({ text, thought: true, ...(signature === undefined ? {} : { thoughtSignature: signature }) })
  }
  return { thoughts, signatures }
}

function textParts(message: AssistantMessage, note: Note): GeminiPart[] {
  const { content } = message
  if (Array.isArray(content))
    return content.map((part: ContentPart) => encodePart(part, note)).filter((part) => part !== null)
  const text =
    content || message.refusal || (message.audio && 'transcript' in message.audio && message.audio.transcript)
  return text ? [{ text }] : []
}

function encodeCall(call: ToolCall, note: Note): GeminiPart {
  let args: unknown
  try {
    args = parseExactJson(call.function.arguments || '{}')
  } catch {
    args = call.function.arguments
  }
  if (!asRecord(args)) {
    // Half a call that a client kept: the model still sees what it had said.
    args = { arguments: args }
    note('messages.tool_calls.arguments', 'changed', 'no-object')
  }
  return { functionCall: { id: call.id, name: geminiName(call.function.name), args } }
}

/** Each signature onto its part. One that names nothing here is the first call's, and without calls the text's. */
function sign(signatures: Signature[], said: GeminiPart[], images: GeminiPart[], calls: GeminiPart[]): void {
  const homeless: string[] = []
  const owners = new Map<string | null | undefined, GeminiPart>(images.map((part, index) => [imageName(index), part]))
  for (const part of calls.toReversed()) owners.set(part.functionCall?.id, part)
  for (const { id, data } of signatures) {
    const owner = id === null ? undefined : owners.get(id)
    if (owner) owner.thoughtSignature = data
    else homeless.push(data)
  }
  for (const data of homeless) {
    const [first] = calls
    const text = said.findLast((part) => part.text !== undefined)
    const owner = first && first.thoughtSignature === undefined ? first : (text ?? images[0])
    if (owner) owner.thoughtSignature ??= data
    // An empty text is how it came, when nothing else was said with it.
    else said.push({ text: '', thoughtSignature: data })
  }
}
