import { bindingIn, bindingUrl } from './cloudflare/binding.ts'
import { openAiCompatible } from './open-ai-compatible.ts'
import { outputLimitOf } from './openai-chat/reasoning-control.ts'
import type { Provider } from './provider.ts'

/** Stands for the binding where a key is asked for; too short to be taken for a secret. */
const boundKey = 'AI'

/** Without a limit Workers AI stops after 256 tokens; beyond this one the limit is the client's to set. */
const defaultMaxTokens = 16_384

const rest = openAiCompatible('cloudflare', {
  cancels: true,
  adapt(body, input) {
    if (body.max_tokens !== undefined) return
    const { contextLength } = input.target.endpoint
    // Prompt and answer share the context.
    const room = contextLength === null ? defaultMaxTokens : Math.floor(contextLength / 2)
    body.max_tokens = Math.min(outputLimitOf(input) ?? defaultMaxTokens, room, defaultMaxTokens)
  },
})

/** Workers AI: over REST with a key and an account, else through the Worker's own `AI` binding where it is bound. */
export const cloudflare: Provider = {
  ...rest,
  credential: (variables) => rest.credential(variables) ?? (bindingIn(variables) ? { apiKey: boundKey } : null),
  baseUrl: (endpoint, variables) =>
    rest.credential(variables) === null && bindingIn(variables) ? bindingUrl : rest.baseUrl(endpoint, variables),
  authorize: (request, credential, context) =>
    credential?.apiKey === boundKey ? request : rest.authorize(request, credential, context),
}
