import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

/** The provider's own tools are called and answered on its side; only `tool_use` is the client's. */
export function anthropicAnswer(documents: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  const choice = choiceAt(answer)
  const blocks: Json[] = []
  let usage: Json = null
  for (const document of documents) {
    const { type, index, delta } = document
    if (type === 'message') {
      blocks.push(...document.content)
      usage = document.usage
      choice.native = document.stop_reason
    } else if (type === 'message_start') {
      // Another message in the middle of one: the first, which was told already, never ends.
      answer.failed = blocks.length > 0
      if (answer.failed) break
      usage = { ...document.message.usage }
    }
    if (type === 'content_block_start') blocks[index] = { ...document.content_block, json: '' }
    else if (type === 'content_block_delta') {
      const block = blocks[index]
      if (delta.type === 'text_delta') block.text += delta.text
      if (delta.type === 'thinking_delta') block.thinking += delta.thinking
      if (delta.type === 'input_json_delta') block.json += delta.partial_json
    } else if (type === 'message_delta') {
      choice.native = delta.stop_reason ?? choice.native
      choice.refusal += delta.stop_details?.explanation ?? ''
      // The counts are cumulative; those that are left out stay what they were.
      for (const [name, value] of Object.entries(document.usage ?? {})) if (value !== null) usage[name] = value
    } else if (type === 'error') answer.failed = true
    // One recording holds two messages: the first is the answer.
    else if (type === 'message_stop') break
  }
  for (const block of blocks) {
    if (block.type === 'text') choice.text += block.text
    if (block.type === 'thinking') choice.reasoning += block.thinking
    if (block.type === 'tool_use')
      choice.calls.push({ name: block.name, arguments: block.json || JSON.stringify(block.input) })
  }
  if (usage)
    answer.usage = {
      promptTokens:
        usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      completionTokens: usage.output_tokens,
      cachedTokens: usage.cache_read_input_tokens ?? 0,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? null,
    }
  return answer
}
