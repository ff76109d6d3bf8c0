import type { PriceRecord } from '../catalog/records.ts'
import type { Failure } from '../chat/failure.ts'
import type { MaxPrice } from '../chat/request.ts'

/**
 * The one number that endpoints are compared by, in dollars a token: the mean of the prompt and the completion price,
 * plus a thousandth of a fee a request (`openrouter-routing.md` §3.5). A double: it weighs, it doesn't bill.
 */
export function pricePerToken(price: PriceRecord): number {
  return (Number(price.prompt) + Number(price.completion)) / 2 + Number(price.request ?? 0) / 1000
}

/** Whether a prompt that is cached there costs less than one that is not: else there is nothing to stick to. */
export function rewardsCaching({ prompt, cacheRead }: PriceRecord): boolean {
  return cacheRead !== undefined && Number(cacheRead) < Number(prompt)
}

/** Upper bounds in dollars: a million tokens for `prompt`, `completion` and `audio`, a unit for the rest. */
export type PriceCaps = { [component in keyof MaxPrice]?: number }

const components = ['prompt', 'completion', 'request', 'image', 'audio'] as const

/** Reads `max_price`, whose values may be numbers or numeric strings. A failure names the component that is neither. */
export function priceCaps(maxPrice: MaxPrice | null | undefined): PriceCaps | null | { failure: Failure } {
  if (!maxPrice) return null
  let caps: PriceCaps | null = null
  for (const component of components) {
    const value = maxPrice[component]
    if (value === undefined || value === null) continue
    const cap = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof cap !== 'number' || !(cap >= 0)) {
      return {
        failure: {
          type: 'invalid_request',
          message: `provider.max_price.${component} must be a number of US dollars, or such a number as a string, of 0 or more.`,
        },
      }
    }
    caps ??= {}
    caps[component] = cap
  }
  return caps
}

/** Whether every given component is within its cap. A component that the endpoint has no price for costs nothing. */
export function isWithin(caps: PriceCaps, price: PriceRecord): boolean {
  return (
    atMost(price.prompt, caps.prompt, 1e6) &&
    atMost(price.completion, caps.completion, 1e6) &&
    atMost(price.request, caps.request, 1) &&
    atMost(price.image, caps.image, 1) &&
    atMost(price.audioInput, caps.audio, 1e6)
  )
}

// The slack is for doubles: "0.0000006" a token times a million is a hair above 0.6.
function atMost(price: string | undefined, cap: number | undefined, units: number): boolean {
  return cap === undefined || price === undefined || Number(price) * units <= cap * (1 + 1e-9)
}
