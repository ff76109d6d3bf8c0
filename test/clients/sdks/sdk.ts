/** What an application asks for, in no SDK's words. */
export interface Ask {
  model: string
  prompt: string
  /** A data URL beside the prompt. */
  image?: string
  tools?: { name: string; description: string; parameters: Record<string, unknown> }[]
  /** The answer has to be JSON of this shape. */
  schema?: Record<string, unknown>
  reasoning?: boolean
}

/** What the application got out of its SDK. A null is something that this SDK does not show. */
export interface Got {
  text: string
  reasoning: string | null
  calls: { name: string; arguments: unknown }[]
  finishReason: string | null
  promptTokens: number | null
  completionTokens: number | null
}

export interface Client {
  whole(ask: Ask): Promise<Got>
  streamed(ask: Ask): Promise<Got>
}

/** An SDK as its documentation says to use it with OpenRouter, with nothing changed but the address. */
export interface Sdk {
  name: string
  connect(baseUrl: string, apiKey: string): Client
}

/** The arguments of a call as the application uses them. */
export function parsedArguments(text: string): unknown {
  return text.trim() === '' ? {} : JSON.parse(text)
}

/** A chat completion request as the SDKs send it that leave the body to the application. */
export function chatBody({ model, prompt, image, tools, schema, reasoning }: Ask) {
  const content = image
    ? [
        { type: 'text' as const, text: prompt },
        { type: 'image_url' as const, image_url: { url: image } },
      ]
    : prompt
  return {
    model,
    messages: [{ role: 'user' as const, content }],
    ...(tools ? { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) } : {}),
    ...(schema ? { response_format: responseFormat(schema) } : {}),
    ...(reasoning ? { reasoning: { effort: 'low' as const } } : {}),
  }
}

export function responseFormat(schema: Record<string, unknown>) {
  return { type: 'json_schema' as const, json_schema: { name: 'answer', schema, strict: true } }
}
