/** One part of a content, in the camelCase of Google's JSON. */
export interface GeminiPart {
  text?: string
  /** The part is a thought (summary), not an answer. */
  thought?: true
  /** Opaque; has to come back on the part that it came with. */
  thoughtSignature?: string
  inlineData?: { mimeType: string; data: string }
  fileData?: { mimeType: string; fileUri: string }
  functionCall?: { id?: string; name: string; args: unknown }
  functionResponse?: { id?: string; name: string; response: unknown; parts?: GeminiPart[] }
}

export interface GeminiContent {
  role: 'user' | 'model'
  parts: GeminiPart[]
}

/** The format of `reasoning_details` that carries Gemini's thoughts and signatures. */
export const reasoningFormat = 'google-gemini-v1'
