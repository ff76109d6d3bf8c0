import type { EndpointRecord, PriceRecord } from '../catalog/records.ts'
import { noUsage, type TokenUsage } from '../chat/usage.ts'
import { type Decimal, divideHalfUp, parseDecimal, unitsAt } from './decimal.ts'

/** What an answer costs, in whole nano-dollars. */
export interface UsageCost {
  costNanoUsd: number
  /** Input, caching and the fee a request; with `completionNanoUsd` it adds up to the cost exactly. */
  promptNanoUsd: number
  completionNanoUsd: number
  /** What caching saved: the cost without it less the cost with it. Negative where writing to the cache cost more. */
  cacheDiscountNanoUsd: number
}

/** Prices of one endpoint or tier with every fallback filled in, as integers of a common scale finer than a nano-dollar. */
interface Rates {
  prompt: bigint
  cacheRead: bigint
  cacheWrite: bigint
  cacheWrite1h: bigint
  audioInput: bigint
  completion: bigint
  reasoning: bigint
  audioOutput: bigint
  request: bigint
}

interface RateCard {
  base: Rates
  /** Ascending by threshold. */
  tiers: { abovePromptTokens: number; rates: Rates }[]
  /** Units of the scale in a nano-dollar. */
  unitsPerNanoUsd: bigint
}

type Priced = Pick<EndpointRecord, 'price' | 'tiers'>

const pricedKeys = [
  'prompt',
  'completion',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'reasoning',
  'audioInput',
  'audioOutput',
  'request',
] as const satisfies readonly (keyof PriceRecord)[]

/** Counts above this are nonsense; the cap keeps a cost within the integers that a double holds. */
const maxTokens = 2 ** 40

const cards = new WeakMap<Priced, RateCard>()

/**
 * Prices metered tokens exactly (`openrouter-privacy-money-limits.md` §6.2): decimal strings are multiplied as integers
 * and the sum is rounded once, half up. A tier prices the whole request when prompt tokens are strictly above its
 * threshold. Images carry no price here: their tokens are metered among the prompt's and the completion's.
 *
 * Throws a `RangeError` where a price is not a plain decimal; `isPriced` tells beforehand.
 */
export function priceUsage(metered: TokenUsage, endpoint: Priced): UsageCost {
  const card = cardOf(endpoint)
  const rates = ratesFor(card, metered.promptTokens)
  const usage = billedOf(metered)
  const promptTokens = count(usage.promptTokens)
  const cached = count(usage.cachedTokens)
  const written = count(usage.cacheWriteTokens)
  const written1h = least(count(usage.cacheWrite1hTokens ?? 0), written)
  const uncached = atLeastZero(promptTokens - cached - written)
  const audioInput = least(count(usage.audioInputTokens), uncached)
  const completionTokens = count(usage.completionTokens)
  const reasoning = least(count(usage.reasoningTokens), completionTokens)
  const audioOutput = least(count(usage.audioOutputTokens), completionTokens - reasoning)

  const inputUnits = (uncached - audioInput) * rates.prompt + audioInput * rates.audioInput + rates.request
  const cachingUnits =
    cached * rates.cacheRead + (written - written1h) * rates.cacheWrite + written1h * rates.cacheWrite1h
  const completionUnits =
    (completionTokens - reasoning - audioOutput) * rates.completion +
    reasoning * rates.reasoning +
    audioOutput * rates.audioOutput

  const total = divideHalfUp(inputUnits + cachingUnits + completionUnits, card.unitsPerNanoUsd)
  const prompt = divideHalfUp(inputUnits + cachingUnits, card.unitsPerNanoUsd)
  const cacheless = divideHalfUp((cached + written) * rates.prompt, card.unitsPerNanoUsd)
  const caching = divideHalfUp(cachingUnits, card.unitsPerNanoUsd)
  return {
    costNanoUsd: nanoUsd(total),
    promptNanoUsd: nanoUsd(prompt),
    // Not rounded on its own, so that the two parts always add up to the cost.
    completionNanoUsd: nanoUsd(total) - nanoUsd(prompt),
    cacheDiscountNanoUsd: nanoUsd(cacheless) - nanoUsd(caching),
  }
}

/** The tokens that are charged for: what the provider bills, where it says that this differs from what it metered. */
function billedOf(usage: TokenUsage): TokenUsage {
  const { billedPromptTokens, billedCompletionTokens } = usage
  if (billedPromptTokens === undefined || billedCompletionTokens === undefined) return usage
  return { ...noUsage, promptTokens: billedPromptTokens, completionTokens: billedCompletionTokens }
}

/**
 * The most that a request may cost at this endpoint, in nano-dollars: every prompt token at the dearest input price and
 * every output token at the dearest output price of any tier that it could reach. `maxOutputTokens` null: the client
 * set no limit, so the endpoint's own holds, or what is left of its context.
 */
export function reserveFor(
  promptTokens: number,
  maxOutputTokens: number | null,
  endpoint: Priced & Pick<EndpointRecord, 'maxOutputTokens' | 'contextLength'>,
): number {
  const card = cardOf(endpoint)
  const limits = [maxOutputTokens, endpoint.maxOutputTokens].filter((limit) => limit !== null)
  const outputTokens =
    limits.length > 0
      ? Math.min(...limits)
      : Math.max(0, (endpoint.contextLength ?? undeclaredContextLength) - promptTokens)
  let worst = 0n
  for (const { abovePromptTokens, rates } of [
    { abovePromptTokens: Number.NEGATIVE_INFINITY, rates: card.base },
    ...card.tiers,
  ]) {
    // The count is an estimate: the metered one may be twice that.
    if (abovePromptTokens >= 2 * promptTokens) break
    const input = greatest(rates.prompt, rates.cacheRead, rates.cacheWrite, rates.cacheWrite1h, rates.audioInput)
    const output = greatest(rates.completion, rates.reasoning, rates.audioOutput)
    worst = greatest(worst, count(promptTokens) * input + count(outputTokens) * output + rates.request)
  }
  return nanoUsd(divideHalfUp(worst, card.unitsPerNanoUsd))
}

/** Where an endpoint declares neither a context nor an output limit. */
const undeclaredContextLength = 32_768

/** Whether every price of the endpoint is a plain decimal, so that it can be billed. */
export function isPriced(endpoint: Priced): boolean {
  try {
    cardOf(endpoint)
    return true
  } catch {
    return false
  }
}

function cardOf(endpoint: Priced): RateCard {
  let card = cards.get(endpoint)
  if (!card) {
    card = compile(endpoint)
    cards.set(endpoint, card)
  }
  return card
}

function compile({ price, tiers }: Priced): RateCard {
  const ascending = [...tiers].sort((a, b) => a.abovePromptTokens - b.abovePromptTokens)
  // A key that a tier leaves out keeps the price of the tier below.
  let merged: PriceRecord = price
  const steps = ascending.map((tier) => {
    merged = { ...merged, ...tier }
    return merged
  })
  const texts = [price, ...steps].flatMap((step) => pricedKeys.map((key) => step[key]))
  const decimals = Math.max(9, ...texts.filter((text) => text !== undefined).map((text) => parse(text).decimals))
  return {
    base: ratesOf(price, decimals),
    tiers: ascending.map((tier, index) => ({
      abovePromptTokens: tier.abovePromptTokens,
      rates: ratesOf(steps[index] ?? price, decimals),
    })),
    unitsPerNanoUsd: 10n ** BigInt(decimals - 9),
  }
}

function ratesOf(price: PriceRecord, decimals: number): Rates {
  const units = (text: string) => unitsAt(parse(text), decimals)
  const cacheWrite = price.cacheWrite ?? price.prompt
  return {
    prompt: units(price.prompt),
    cacheRead: units(price.cacheRead ?? price.prompt),
    cacheWrite: units(cacheWrite),
    cacheWrite1h: units(price.cacheWrite1h ?? cacheWrite),
    audioInput: units(price.audioInput ?? price.prompt),
    completion: units(price.completion),
    reasoning: units(price.reasoning ?? price.completion),
    audioOutput: units(price.audioOutput ?? price.completion),
    request: units(price.request ?? '0'),
  }
}

function parse(text: string): Decimal {
  const decimal = parseDecimal(text)
  if (!decimal) throw new RangeError(`A price is not a plain decimal: ${text}`)
  return decimal
}

function ratesFor(card: RateCard, promptTokens: number): Rates {
  let rates = card.base
  for (const tier of card.tiers) if (promptTokens > tier.abovePromptTokens) rates = tier.rates
  return rates
}

/** A metered count as an integer. What a broken upstream may report instead (a fraction, a negative, NaN) must not throw here. */
function count(tokens: number): bigint {
  return tokens > 0 ? BigInt(Math.round(Math.min(tokens, maxTokens))) : 0n
}

function nanoUsd(amount: bigint): number {
  return amount > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(amount)
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function greatest(...amounts: bigint[]): bigint {
  let most = 0n
  for (const amount of amounts) if (amount > most) most = amount
  return most
}

function atLeastZero(amount: bigint): bigint {
  return amount > 0n ? amount : 0n
}
