import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

/** What a model says before it calls tools, its plan, is thinking. */
export function cohereAnswer(documents: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  const choice = choiceAt(answer)
  let end: Json = null
  for (const document of documents) {
    const { type } = document
    const message = type === undefined ? document.message : (document.delta?.message ?? {})
    if (type === undefined || type === 'message-end') end = document.delta ?? document
    choice.reasoning += message?.tool_plan ?? ''
    for (const block of [message?.content ?? []].flat()) {
      choice.text += block.text ?? ''
      choice.reasoning += block.thinking ?? ''
    }
    for (const call of [message?.tool_calls ?? []].flat()) {
      const { name, arguments: text = '' } = call.function
      if (type === 'tool-call-delta') {
        const open = choice.calls.at(-1)
        if (open) open.arguments += text
      } else choice.calls.push({ name, arguments: text === 'null' ? '{}' : text })
    }
  }
  choice.native = end?.finish_reason ?? null
  if (end?.usage?.tokens)
    answer.usage = {
      promptTokens: end.usage.tokens.input_tokens,
      completionTokens: end.usage.tokens.output_tokens,
      cachedTokens: end.usage.cached_tokens ?? 0,
      reasoningTokens: end.usage.tokens.reasoning_tokens ?? 0,
    }
  return answer
}
