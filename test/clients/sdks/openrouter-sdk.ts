import { OpenRouter } from '@openrouter/sdk'
import { type Ask, type Got, parsedArguments, type Sdk } from './sdk.ts'

export const openRouterSdk: Sdk = {
  name: '@openrouter/sdk',
  connect(serverURL, apiKey) {
    const client = new OpenRouter({ apiKey, serverURL, retryConfig: { strategy: 'none' } })
    return {
      async whole(ask) {
        const answer = await client.chat.send({ chatRequest: requestOf(ask) })
        if (!('choices' in answer)) throw new Error('a whole answer was asked for')
        const [choice] = answer.choices
        const { message, finishReason } = choice ?? {}
        return {
          text: typeof message?.content === 'string' ? message.content : '',
          reasoning: message?.reasoning ?? '',
          calls: (message?.toolCalls ?? []).map((call) => ({
            name: call.function.name,
            arguments: parsedArguments(call.function.arguments),
          })),
          finishReason: finishReason ?? null,
          promptTokens: answer.usage?.promptTokens ?? null,
          completionTokens: answer.usage?.completionTokens ?? null,
        }
      },
      async streamed(ask) {
        const stream = await client.chat.send({ chatRequest: { ...requestOf(ask), stream: true } })
        if (!(Symbol.asyncIterator in stream)) throw new Error('a stream was asked for')
        const got: Got = {
          text: '',
          reasoning: '',
          calls: [],
          finishReason: null,
          promptTokens: null,
          completionTokens: null,
        }
        const texts: string[] = []
        for await (const { choices, usage, error } of stream) {
          if (error) throw new Error(error.message)
          const { delta, finishReason } = choices[0] ?? {}
          got.text += delta?.content ?? ''
          got.reasoning += delta?.reasoning ?? ''
          for (const { index, function: said } of delta?.toolCalls ?? []) {
            got.calls[index] ??= { name: said?.name ?? '', arguments: null }
            texts[index] = (texts[index] ?? '') + (said?.arguments ?? '')
          }
          got.finishReason = finishReason ?? got.finishReason
          got.promptTokens = usage?.promptTokens ?? got.promptTokens
          got.completionTokens = usage?.completionTokens ?? got.completionTokens
        }
        for (const [index, call] of got.calls.entries()) call.arguments = parsedArguments(texts[index] ?? '')
        return got
      },
    }
  },
}

function requestOf({ model, prompt, image, tools, schema, reasoning }: Ask) {
  return {
    model,
    messages: [
      {
        role: 'user' as const,
        content: image
          ? [
              { type: 'text' as const, text: prompt },
              { type: 'image_url' as const, imageUrl: { url: image } },
            ]
          : prompt,
      },
    ],
    ...(tools ? { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) } : {}),
    ...(schema
      ? { responseFormat: { type: 'json_schema' as const, jsonSchema: { name: 'answer', schema, strict: true } } }
      : {}),
    ...(reasoning ? { reasoning: { effort: 'low' as const } } : {}),
  }
}
