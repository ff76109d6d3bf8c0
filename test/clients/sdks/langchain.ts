import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { ChatOpenRouter } from '@langchain/openrouter'
import { type Ask, type Got, responseFormat, type Sdk } from './sdk.ts'

export const langchainOpenAi: Sdk = {
  name: '@langchain/openai',
  connect: (baseURL, apiKey) => ({
    whole: async (ask) => gotOf(await openAiModel(baseURL, apiKey, ask).invoke(messagesOf(ask), optionsOf(ask)), false),
    streamed: async (ask) =>
      gotOf(await joined(await openAiModel(baseURL, apiKey, ask).stream(messagesOf(ask), optionsOf(ask))), false),
  }),
}

export const langchainOpenRouter: Sdk = {
  name: '@langchain/openrouter',
  connect: (baseURL, apiKey) => ({
    whole: async (ask) =>
      gotOf(await openRouterModel(baseURL, apiKey, ask).invoke(messagesOf(ask), optionsOf(ask)), true),
    streamed: async (ask) =>
      gotOf(await joined(await openRouterModel(baseURL, apiKey, ask).stream(messagesOf(ask), optionsOf(ask))), true),
  }),
}

function openAiModel(baseURL: string, apiKey: string, { model, reasoning }: Ask): ChatOpenAI {
  return new ChatOpenAI({
    model,
    apiKey,
    configuration: { baseURL },
    maxRetries: 0,
    ...(reasoning ? { modelKwargs: { reasoning: { effort: 'low' } } } : {}),
  })
}

function openRouterModel(baseURL: string, apiKey: string, { model, reasoning }: Ask): ChatOpenRouter {
  return new ChatOpenRouter({
    model,
    apiKey,
    baseURL,
    maxRetries: 0,
    ...(reasoning ? { modelKwargs: { reasoning: { effort: 'low' } } } : {}),
  })
}

function messagesOf({ prompt, image }: Ask): HumanMessage[] {
  const content = image
    ? [
        { type: 'text' as const, text: prompt },
        { type: 'image_url' as const, image_url: { url: image } },
      ]
    : prompt
  return [new HumanMessage({ content })]
}

function optionsOf({ tools, schema }: Ask) {
  return {
    ...(tools ? { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) } : {}),
    ...(schema ? { response_format: responseFormat(schema) } : {}),
  }
}

async function joined(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined
  for await (const chunk of stream) whole = whole ? whole.concat(chunk) : chunk
  if (!whole) throw new Error('an empty stream')
  return whole
}

function gotOf(
  message: Pick<AIMessageChunk, 'text' | 'tool_calls' | 'usage_metadata' | 'additional_kwargs' | 'response_metadata'>,
  reasons: boolean,
): Got {
  const { reasoning_content: reasoning } = message.additional_kwargs
  // It joins the reason of the finish chunk and that of the usage chunk, which repeats it as OpenRouter's does.
  const reason: unknown = message.response_metadata.finish_reason
  return {
    text: message.text,
    reasoning: reasons ? String(reasoning ?? '') : null,
    calls: (message.tool_calls ?? []).map(({ name, args }) => ({ name, arguments: args })),
    finishReason: typeof reason === 'string' ? reason.replace(/^(\w+)\1$/, '$1') : null,
    promptTokens: message.usage_metadata?.input_tokens ?? null,
    completionTokens: message.usage_metadata?.output_tokens ?? null,
  }
}
