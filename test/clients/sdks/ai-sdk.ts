import { createOpenRouter } from '@openrouter/ai-sdk-provider'
import { generateText, jsonSchema, Output, streamText, type ToolSet, tool } from 'ai'
import type { Ask, Got, Sdk } from './sdk.ts'

export const aiSdk: Sdk = {
  name: 'ai with @openrouter/ai-sdk-provider',
  connect(baseURL, apiKey) {
    const openrouter = createOpenRouter({ apiKey, baseURL })
    const callOf = ({ model, prompt, image, tools = [], schema, reasoning }: Ask) => ({
      model: openrouter.chat(model, reasoning ? { reasoning: { effort: 'low' } } : {}),
      maxRetries: 0,
      messages: [
        {
          role: 'user' as const,
          content: [
            { type: 'text' as const, text: prompt },
            ...(image ? [{ type: 'image' as const, image: new URL(image) }] : []),
          ],
        },
      ],
      // Without `execute` a call is the application's to answer.
      tools: Object.fromEntries(
        tools.map(({ name, description, parameters }) => [
          name,
          tool({ description, inputSchema: jsonSchema(parameters) }),
        ]),
      ) as ToolSet,
      ...(schema ? { output: Output.object({ schema: jsonSchema(schema) }) } : {}),
    })
    return {
      whole: async (ask) => gotOf(await generateText(callOf(ask))),
      async streamed(ask) {
        let failure: unknown
        const result = streamText({
          ...callOf(ask),
          onError: ({ error }) => {
            failure = error
          },
        })
        let text = ''
        for await (const piece of result.textStream) text += piece
        if (failure) throw failure
        const { toolCalls, finishReason, usage, reasoningText } = result
        return gotOf({
          text,
          reasoningText: await reasoningText,
          toolCalls: await toolCalls,
          finishReason: await finishReason,
          usage: await usage,
        })
      },
    }
  },
}

function gotOf(result: {
  text: string
  reasoningText: string | undefined
  toolCalls: { toolName: string; input: unknown }[]
  finishReason: string
  usage: { inputTokens: number | undefined; outputTokens: number | undefined }
}): Got {
  return {
    text: result.text,
    reasoning: result.reasoningText ?? '',
    calls: result.toolCalls.map(({ toolName, input }) => ({ name: toolName, arguments: input })),
    finishReason: result.finishReason.replaceAll('-', '_'),
    promptTokens: result.usage.inputTokens ?? null,
    completionTokens: result.usage.outputTokens ?? null,
  }
}
