import { FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { type Environment, mediaRefusalOf } from '../edge/address.ts'

/** Where a part of any surface's or provider's making keeps an address. */
const addressKeys = new Set(['url', 'uri', 'image_url', 'video_url', 'file_url', 'file_data', 'file_uri'])
const maxDepth = 4

/**
 * Refuses addresses of images, files and other media that lead into a private network, wherever in the messages they are.
 *
 * @throws FailureError 400 that names the field
 */
export function refusePrivateMedia({ messages }: ChatRequest, environment: Environment): void {
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (!message) continue
    if (Array.isArray(message.content)) {
      for (const [index, part] of message.content.entries())
        if (part.type !== 'text') look(part, `messages[${i}].content[${index}]`, environment, maxDepth)
    }
    if (message.role === 'assistant' && message.images)
      look(message.images, `messages[${i}].images`, environment, maxDepth)
  }
}

function look(value: object, path: string, environment: Environment, depth: number): void {
  for (const [key, inner] of Object.entries(value)) {
    const field = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`
    if (typeof inner === 'object' && inner !== null && depth > 0) look(inner, field, environment, depth - 1)
    if (typeof inner !== 'string' || !addressKeys.has(key)) continue
    const refusal = mediaRefusalOf(inner, environment)
    if (refusal === null) continue
    throw new FailureError({
      type: 'invalid_request',
      message: `${field} must be a public address or a data: URL. ${refusal}`,
      metadata: { field },
    })
  }
}
