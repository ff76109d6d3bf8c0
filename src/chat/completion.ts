import { callId, finishWith } from './chat-stream-encoder.ts'
import type { Finish } from './chunks.ts'
import type { Envelope } from './envelope.ts'
import type { Annotation, AudioDelta, ImagePart, Part, ReasoningDetail } from './parts.ts'
import { detailsOf, mergeDetails, reasoningTextOf } from './reasoning-details.ts'
import type { UsageJson } from './usage-json.ts'

export interface CompletionOptions {
  usage: UsageJson
  serviceTier?: string | null
  excludeReasoning?: boolean
  /** Top-level fields of the upstream's body that the gateway does not know; ours win over them. */
  extras?: Record<string, unknown>
}

interface Choice {
  text: string
  refusal: string
  reasoning: string
  details: ReasoningDetail[]
  calls: Map<number, { id?: string; name?: string; arguments: string }>
  annotations: Annotation[]
  images: ImagePart[]
  audio: AudioDelta | null
  logprobs: { content: unknown[]; refusal: unknown[] } | null
  finish: Finish | null
}

/** A whole chat completion (`openrouter-endpoints-inference.md` §2A.1) from what the model said. */
export function assembleCompletion(
  parts: Iterable<Part>,
  envelope: Envelope,
  options: CompletionOptions,
): Record<string, unknown> {
  const choices = new Map<number, Choice>()
  for (const part of parts) {
    if (part.type === 'start' || part.type === 'usage' || part.type === 'error') continue
    const index = part.choice ?? 0
    let choice = choices.get(index)
    if (choice === undefined) {
      choice = emptyChoice()
      choices.set(index, choice)
    }
    add(choice, part)
  }
  if (choices.size === 0) choices.set(0, emptyChoice())
  const { extras, usage } = options
  const fingerprint = extras?.system_fingerprint
  return {
    ...extras,
    id: envelope.id,
    object: 'chat.completion',
    created: envelope.created,
    model: envelope.model,
    provider: envelope.provider,
    system_fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
    service_tier: options.serviceTier ?? null,
    choices: [...choices]
      .sort(([a], [b]) => a - b)
      .map(([index, choice]) => choiceJson(index, choice, envelope, options.excludeReasoning === true)),
    usage,
  }
}

function emptyChoice(): Choice {
  return {
    text: '',
    refusal: '',
    reasoning: '',
    details: [],
    calls: new Map(),
    annotations: [],
    images: [],
    audio: null,
    logprobs: null,
    finish: null,
  }
}

function add(choice: Choice, part: Exclude<Part, { type: 'start' | 'usage' | 'error' }>): void {
  switch (part.type) {
    case 'text-delta':
      choice.text += part.text
      if (part.logprobs !== undefined) {
        choice.logprobs ??= { content: [], refusal: [] }
        // One at a time: a long answer's tokens are more than a call may have arguments.
        for (const token of part.logprobs.content ?? []) choice.logprobs.content.push(token)
        for (const token of part.logprobs.refusal ?? []) choice.logprobs.refusal.push(token)
      }
      break
    case 'reasoning-delta':
      choice.reasoning += reasoningTextOf(part)
      for (const detail of detailsOf(part)) choice.details.push(detail)
      break
    case 'refusal-delta':
      choice.refusal += part.text
      break
    case 'tool-call-delta': {
      const call = choice.calls.get(part.index)
      if (call === undefined) choice.calls.set(part.index, { ...part })
      else call.arguments += part.arguments
      break
    }
    case 'annotations':
      for (const annotation of part.annotations) choice.annotations.push(annotation)
      break
    case 'image':
      choice.images.push(part.image)
      break
    case 'audio-delta':
      choice.audio = joinAudio(choice.audio, part.audio)
      break
    case 'finish':
      // Some hosts repeat the finish; the first is the one that was meant.
      choice.finish ??= { reason: part.reason, native: part.native }
      break
  }
}

function choiceJson(index: number, choice: Choice, envelope: Envelope, excludeReasoning: boolean): object {
  const { finish, logprobs } = choice
  const calls = [...choice.calls].sort(([a], [b]) => a - b)
  // Whoever calls this has a finish; an answer without one is told as what it is, never as a clean stop.
  const told = finishWith(calls.length > 0, finish ?? { reason: 'error', native: null })
  const details = excludeReasoning ? [] : mergeDetails(choice.details)
  // A key is left out rather than null: strict clients reject null lists.
  return {
    index,
    finish_reason: told.reason,
    native_finish_reason: told.native,
    logprobs:
      logprobs === null
        ? null
        : { content: logprobs.content, refusal: logprobs.refusal.length > 0 ? logprobs.refusal : null },
    message: {
      role: 'assistant',
      content: choice.text === '' && choice.refusal !== '' ? null : choice.text,
      refusal: choice.refusal === '' ? null : choice.refusal,
      reasoning: excludeReasoning || choice.reasoning === '' ? null : choice.reasoning,
      ...(details.length > 0 ? { reasoning_details: details } : {}),
      ...(calls.length > 0
        ? {
            tool_calls: calls.map(([at, call]) => ({
              id: call.id || callId(envelope, index, at),
              type: 'function',
              index: at,
              function: { name: call.name ?? '', arguments: call.arguments || '{}' },
            })),
          }
        : {}),
      ...(choice.annotations.length > 0 ? { annotations: choice.annotations } : {}),
      ...(choice.images.length > 0 ? { images: choice.images } : {}),
      ...(choice.audio === null ? {} : { audio: choice.audio }),
    },
  }
}

function joinAudio(before: AudioDelta | null, delta: AudioDelta): AudioDelta {
  if (before === null) return { ...delta }
  const joined: AudioDelta = { ...before, ...delta }
  if (before.data !== undefined) joined.data = before.data + (delta.data ?? '')
  if (before.transcript !== undefined) joined.transcript = before.transcript + (delta.transcript ?? '')
  return joined
}
