import { choiceAt, emptyAnswer, type Json, type RecordedAnswer, type RecordedUsage } from './answer.ts'

/**
 * @param whole it is no stream
 * @param thinkTags the provider is one that hides reasoning between tags in the text
 */
export function openAiChatAnswer(documents: Json[], whole: boolean, thinkTags: boolean): RecordedAnswer {
  const answer = emptyAnswer()
  let usage: Json = null
  for (const document of documents) {
    usage = document.usage ?? document.x_groq?.usage ?? usage
    if (document.error) answer.failed = true
    for (const choice of document.choices ?? []) takeChoice(answer, choice, whole)
  }
  if (usage) answer.usage = usageOf(usage)
  if (documents.every((document) => (document.choices ?? []).length === 0)) answer.failed = true
  if (thinkTags) for (const choice of answer.choices) splitThinking(choice)
  return answer
}

function takeChoice(answer: RecordedAnswer, source: Json, whole: boolean): void {
  const choice = choiceAt(answer, source.index ?? 0)
  if (source.error) answer.failed = true
  // Perplexity has both: the whole message beside every delta, an empty delta beside the whole message.
  const said = (whole ? (source.message ?? source.delta) : (source.delta ?? source.message)) ?? {}
  const { content } = said
  if (typeof content === 'string') choice.text += content
  else if (Array.isArray(content)) {
    for (const part of content) {
      if (part.type === 'text') choice.text += part.text
      if (part.type === 'thinking') for (const thought of part.thinking) choice.reasoning += thought.text
    }
  } else if (content) choice.text += JSON.stringify(content)
  choice.refusal += said.refusal ?? ''
  const details = (said.reasoning_details ?? []).map((detail: Json) => detail.text ?? detail.summary ?? '').join('')
  choice.reasoning += said.reasoning || said.reasoning_content || details
  takeCalls(choice, said)
  const native = source.native_finish_reason ?? source.finish_reason ?? source.finish_details?.type
  if (source.finish_reason || source.finish_details) choice.native ??= native
}

type Call = { index: number; id?: string; name: string; arguments: string }

function takeCalls(choice: RecordedAnswer['choices'][number], said: Json): void {
  const calls = choice.calls as Call[]
  // Snowflake has one without a name in every answer.
  const legacy = said.function_call?.name ? [{ index: 0, function: said.function_call }] : []
  ;(said.tool_calls ?? legacy).forEach((call: Json, position: number) => {
    const index = call.index ?? position
    const known = calls.findLast((other) => other.index === index)
    // Cerebras gives two calls the same index and different ids.
    if (known && (!call.id || call.id === known.id)) known.arguments += call.function.arguments ?? ''
    else calls.push({ index, id: call.id, name: call.function.name, arguments: call.function.arguments ?? '' })
  })
}

function usageOf(usage: Json): RecordedUsage {
  const promptTokens = usage.prompt_tokens
  const visible = usage.completion_tokens ?? 0
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? usage.reasoning_tokens ?? 0
  // xAI counts its reasoning beside the completion, and so does Vercel for Gemini.
  const outside = reasoning > visible || (reasoning > 0 && usage.total_tokens === promptTokens + visible + reasoning)
  const cached =
    usage.prompt_tokens_details?.cached_tokens ||
    usage.prompt_cache_hit_tokens ||
    usage.cached_tokens ||
    usage.num_cached_tokens ||
    usage.cache_read_input_tokens ||
    0
  return {
    promptTokens,
    completionTokens: outside ? visible + reasoning : visible,
    // Grok on Azure tells of more cached tokens than there are in the prompt: a part is never more than its whole.
    cachedTokens: Math.min(cached, promptTokens),
    reasoningTokens: reasoning,
  }
}

/** White space around the tags belongs to nobody. */
function splitThinking(choice: RecordedAnswer['choices'][number]): void {
  const match = /^\s*<think>([\s\S]*?)(?:<\/think>([\s\S]*))?$/.exec(choice.text)
  if (!match) return
  choice.reasoning += (match[1] ?? '').trim()
  choice.text = (match[2] ?? '').trimStart()
}
