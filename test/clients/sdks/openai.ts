import OpenAI from 'openai'
import { chatBody, type Got, parsedArguments, type Sdk } from './sdk.ts'

/** Fields of OpenRouter that the SDK hands through without knowing them. */
interface Reasoned {
  reasoning?: string | null
}

export const openai: Sdk = {
  name: 'openai',
  connect(baseURL, apiKey) {
    const client = new OpenAI({ apiKey, baseURL, maxRetries: 0 })
    return {
      async whole(ask) {
        return gotOf(await client.chat.completions.create(chatBody(ask)))
      },
      async streamed(ask) {
        const stream = client.chat.completions.stream({ ...chatBody(ask), stream_options: { include_usage: true } })
        let reasoning = ''
        stream.on('chunk', ({ choices }) => {
          reasoning += (choices[0]?.delta as Reasoned | undefined)?.reasoning ?? ''
        })
        return { ...gotOf(await stream.finalChatCompletion()), reasoning }
      },
    }
  },
}

function gotOf({ choices, usage }: OpenAI.ChatCompletion): Got {
  const [choice] = choices
  const calls = (choice?.message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call.function] : []))
  return {
    text: choice?.message.content ?? '',
    reasoning: (choice?.message as Reasoned | undefined)?.reasoning ?? '',
    calls: calls.map(({ name, arguments: text }) => ({ name, arguments: parsedArguments(text) })),
    finishReason: choice?.finish_reason ?? null,
    promptTokens: usage?.prompt_tokens ?? null,
    completionTokens: usage?.completion_tokens ?? null,
  }
}
