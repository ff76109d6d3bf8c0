import type { Answer } from './answer.ts'
import type { SandboxRequest } from './request.ts'

/** 2026-01-01: an answer is the same whenever it is asked for. */
export const created = 1_767_225_600

/** A chat completion in OpenAI's shape. */
export function completionOf(answer: Answer, request: SandboxRequest) {
  const choice = {
    message: {
      role: 'assistant',
      content: answer.toolCalls.length > 0 ? null : answer.text.join(''),
      ...(answer.reasoning.length > 0 && { reasoning_content: answer.reasoning.join('') }),
      ...(answer.toolCalls.length > 0 && {
        tool_calls: answer.toolCalls.map(({ id, name, arguments: text }) => ({
          id,
          type: 'function',
          function: { name, arguments: text },
        })),
      }),
    },
    logprobs: null,
    finish_reason: answer.finishReason,
  }
  return {
    id: answer.id,
    object: 'chat.completion',
    created,
    model: request.model,
    choices: choiceIndexes(request).map((index) => ({ index, ...choice })),
    usage: answer.usage,
  }
}

/** The same as a stream: the events in order, without the closing `[DONE]`. */
export function* chunksOf(answer: Answer, request: SandboxRequest): Generator<object> {
  const chunk = (choices: object[], rest: object = {}) => ({
    id: answer.id,
    object: 'chat.completion.chunk',
    created,
    model: request.model,
    choices,
    ...rest,
  })
  for (const index of choiceIndexes(request)) {
    const delta = (fields: object, finish: string | null = null) =>
      chunk([{ index, delta: fields, logprobs: null, finish_reason: finish }])
    yield delta({ role: 'assistant', content: '' })
    for (const token of answer.reasoning) yield delta({ reasoning_content: token })
    for (const token of answer.text) yield delta({ content: token })
    for (const [position, call] of answer.toolCalls.entries()) {
      yield delta({
        tool_calls: [{ index: position, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
      })
      for (const piece of piecesOf(call.arguments)) {
        yield delta({ tool_calls: [{ index: position, function: { arguments: piece } }] })
      }
    }
    yield delta({}, answer.finishReason)
  }
  if (request.stream_options?.include_usage) yield chunk([], { usage: answer.usage })
}

function choiceIndexes(request: SandboxRequest): number[] {
  return Array.from({ length: request.n ?? 1 }, (_, index) => index)
}

/** Arguments arrive in pieces that respect no token, but never split a code point. */
function piecesOf(text: string): string[] {
  return text.match(/.{1,9}/gsu) ?? []
}
