import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

export function ollamaAnswer(documents: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  const choice = choiceAt(answer)
  for (const { message, done, done_reason: reason, prompt_eval_count: prompt, eval_count: completion } of documents) {
    choice.text += message?.content ?? ''
    choice.reasoning += message?.thinking ?? ''
    for (const call of message?.tool_calls ?? [])
      choice.calls.push({ name: call.function.name, arguments: JSON.stringify(call.function.arguments) })
    if (!done) continue
    choice.native = reason ?? null
    answer.usage = {
      promptTokens: prompt ?? 0,
      completionTokens: completion ?? 0,
      cachedTokens: null,
      reasoningTokens: null,
    }
  }
  return answer
}
