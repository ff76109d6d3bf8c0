import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

export function responsesAnswer(documents: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  const choice = choiceAt(answer)
  const done: Json[] = []
  let last: Json = null
  for (const document of documents) {
    // One recording holds several responses: the first is the answer.
    if (last) break
    if (document.object === 'response') last = document
    if (document.type === 'response.output_item.done') done.push(document.item)
    if (/^response\.(completed|incomplete|failed)$/.test(document.type)) last = document.response
    if (document.type === 'error') answer.failed = true
  }
  const output: Json[] = last?.output?.length > 0 ? last.output : done
  for (const item of output) {
    if (item.type === 'function_call') choice.calls.push({ name: item.name, arguments: item.arguments })
    if (item.type === 'custom_tool_call') choice.calls.push({ name: item.name, arguments: item.input })
    if (item.type === 'reasoning')
      for (const piece of [...(item.summary ?? []), ...(item.content ?? [])]) choice.reasoning += piece.text
    if (item.type !== 'message') continue
    for (const piece of item.content) {
      choice.text += piece.type === 'output_text' ? piece.text : ''
      choice.refusal += piece.type === 'refusal' ? piece.refusal : ''
    }
  }
  // One that is still to be made in the background is no answer.
  if (['failed', 'queued', 'in_progress'].includes(last?.status)) answer.failed = true
  choice.native = last?.incomplete_details?.reason ?? last?.status ?? null
  if (last?.usage)
    answer.usage = {
      promptTokens: last.usage.input_tokens,
      completionTokens: last.usage.output_tokens,
      cachedTokens: last.usage.input_tokens_details?.cached_tokens ?? 0,
      reasoningTokens: last.usage.output_tokens_details?.reasoning_tokens ?? 0,
    }
  return answer
}
