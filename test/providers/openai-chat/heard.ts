import type { FinishReason, Part, ReasoningDetail } from '../../../src/chat/parts.ts'
import type { TokenUsage } from '../../../src/chat/usage.ts'
import type { DecodeOptions } from '../../../src/providers/openai-chat/decode.ts'

/** What a list of parts says in all, choice by choice. */
export interface Heard {
  text: string
  reasoning: string
  details: ReasoningDetail[]
  refusal: string
  calls: { id: string | undefined; name: string | undefined; arguments: string }[]
  images: number
  annotations: number
  finish: { reason: FinishReason; native: string | null } | null
}

export function hear(parts: Part[]): { choices: Heard[]; usage: TokenUsage | null; errors: Part[] } {
  const choices: Heard[] = []
  let usage: TokenUsage | null = null
  const errors: Part[] = []
  for (const part of parts) {
    if (part.type === 'usage') usage = part.usage
    else if (part.type === 'error') errors.push(part)
    else if (part.type !== 'start') note(choices, part)
  }
  return { choices, usage, errors }
}

function note(choices: Heard[], part: Exclude<Part, { type: 'start' | 'usage' | 'error' }>): void {
  const at = part.choice ?? 0
  choices[at] ??= {
    text: '',
    reasoning: '',
    details: [],
    refusal: '',
    calls: [],
    images: 0,
    annotations: 0,
    finish: null,
  }
  const heard = choices[at]
  switch (part.type) {
    case 'text-delta':
      heard.text += part.text
      break
    case 'reasoning-delta':
      heard.reasoning += part.text ?? ''
      heard.details.push(...(part.details ?? []))
      break
    case 'refusal-delta':
      heard.refusal += part.text
      break
    case 'tool-call-delta': {
      const known = heard.calls[part.index]
      if (known) {
        if (part.id !== undefined || part.name !== undefined) throw new Error('A call was opened twice.')
        known.arguments += part.arguments
      } else {
        if (part.index !== heard.calls.length) throw new Error('The indices of calls have a hole.')
        heard.calls.push({ id: part.id, name: part.name, arguments: part.arguments })
      }
      break
    }
    case 'annotations':
      heard.annotations += part.annotations.length
      break
    case 'image':
      heard.images++
      break
    case 'finish':
      if (heard.finish) throw new Error('A choice finished twice.')
      heard.finish = { reason: part.reason, native: part.native }
      break
    case 'audio-delta':
      break
  }
}

/** Options of a plain provider, with ids that can be foreseen. */
export function decodeOptions(changes: Partial<DecodeOptions> = {}): DecodeOptions {
  let made = 0
  return { thinkTags: false, newCallId: () => `made-${++made}`, secrets: [], ...changes }
}

/** Server-sent events with one JSON document each. */
export function sse(...events: unknown[]): Uint8Array {
  const text = events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
  return new TextEncoder().encode(text)
}

/** A chunk with one choice. */
export function chunk(delta: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: 'up-1', model: 'm', choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}
