import type { BaseTool, ChatResponseChunk, ToolCallLLMMessageOptions } from '@llamaindex/core/llms'
import { OpenAI } from '@llamaindex/openai'
import { type Ask, type Got, parsedArguments, responseFormat, type Sdk } from './sdk.ts'

/** Shows neither reasoning nor, by itself, how an answer ended; the usage is in its `raw`. */
export const llamaIndex: Sdk = {
  name: 'llamaindex',
  connect(baseURL, apiKey) {
    const modelOf = ({ model }: Ask) => new OpenAI({ model, apiKey, baseURL, maxRetries: 0 })
    return {
      async whole(ask) {
        const { message, raw } = await modelOf(ask).chat({ ...paramsOf(ask), stream: false })
        const text = typeof message.content === 'string' ? message.content : ''
        return gotOf(text, callsOf(message.options), raw)
      },
      async streamed(ask) {
        const stream = await modelOf(ask).chat({ ...paramsOf(ask), stream: true })
        let text = ''
        let last: ChatResponseChunk<ToolCallLLMMessageOptions>['raw'] = null
        // A call is told again with every piece of it, and at last whole.
        const calls = new Map<string, Call>()
        for await (const { delta, options, raw } of stream) {
          text += delta
          last = raw
          for (const call of callsOf(options)) calls.set(call.id, call)
        }
        return gotOf(text, [...calls.values()], last)
      },
    }
  },
}

interface Call {
  id: string
  name: string
  input: unknown
}

function callsOf(options: ToolCallLLMMessageOptions | undefined): Call[] {
  return options && 'toolCall' in options ? options.toolCall : []
}

function paramsOf({ prompt, image, tools, schema, reasoning }: Ask) {
  const content = image
    ? [
        { type: 'text' as const, text: prompt },
        { type: 'image_url' as const, image_url: { url: image } },
      ]
    : prompt
  return {
    messages: [{ role: 'user' as const, content }],
    ...(tools ? { tools: tools.map((metadata): BaseTool => ({ metadata })) } : {}),
    ...(schema ? { responseFormat: responseFormat(schema) } : {}),
    ...(reasoning ? { additionalChatOptions: { reasoning: { effort: 'low' } } as object } : {}),
  }
}

function gotOf(text: string, calls: Call[], raw: object | null): Got {
  const { usage } = raw as { usage?: { prompt_tokens: number; completion_tokens: number } }
  return {
    text,
    reasoning: null,
    calls: calls.map(({ name, input }) => ({
      name,
      arguments: typeof input === 'string' ? parsedArguments(input) : input,
    })),
    finishReason: null,
    promptTokens: usage?.prompt_tokens ?? null,
    completionTokens: usage?.completion_tokens ?? null,
  }
}
