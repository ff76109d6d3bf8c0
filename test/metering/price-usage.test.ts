import { describe, expect, it } from 'vitest'
import type { PriceRecord, PriceTier } from '../../src/catalog/records.ts'
import { noUsage, type TokenUsage } from '../../src/chat/usage.ts'
import { isPriced, priceUsage, reserveFor } from '../../src/metering/price-usage.ts'
import { randomOf } from '../../src/routing/random.ts'

function priced(price: Partial<PriceRecord>, tiers: PriceTier[] = []) {
  return { price: { prompt: '0', completion: '0', ...price }, tiers }
}

function used(usage: Partial<TokenUsage>): TokenUsage {
  return { ...noUsage, ...usage }
}

describe('priceUsage', () => {
  it('multiplies decimal strings exactly', () => {
    const endpoint = priced({ prompt: '0.00000006', completion: '0.0000003' })
    expect(priceUsage(used({ promptTokens: 1_000_003, completionTokens: 7 }), endpoint)).toEqual({
      costNanoUsd: 60_000_180 + 2_100,
      promptNanoUsd: 60_000_180,
      completionNanoUsd: 2_100,
      cacheDiscountNanoUsd: 0,
    })
  })

  it('rounds the sum once, half up, and not its parts', () => {
    const endpoint = priced({ prompt: '0.0000000004', completion: '0.0000000001' })
    expect(priceUsage(used({ promptTokens: 1, completionTokens: 1 }), endpoint).costNanoUsd).toBe(1)
    expect(priceUsage(used({ promptTokens: 1 }), endpoint).costNanoUsd).toBe(0)
  })

  it('takes prices of any number of decimals', () => {
    const endpoint = priced({ prompt: '0.0000000127776', completion: '0.1234567890123456789012' })
    expect(priceUsage(used({ promptTokens: 10_000_000 }), endpoint).costNanoUsd).toBe(127_776_000)
    expect(priceUsage(used({ completionTokens: 10 }), endpoint).costNanoUsd).toBe(1_234_567_890)
  })

  it('prices every kind of token at its own rate', () => {
    const endpoint = priced({
      prompt: '0.000003',
      completion: '0.000015',
      cacheRead: '0.0000003',
      cacheWrite: '0.00000375',
      cacheWrite1h: '0.000006',
      audioInput: '0.00001',
      reasoning: '0.00002',
      audioOutput: '0.00003',
      request: '0.01',
    })
    const usage = used({
      promptTokens: 1000,
      cachedTokens: 400,
      cacheWriteTokens: 300,
      cacheWrite1hTokens: 100,
      audioInputTokens: 50,
      completionTokens: 200,
      reasoningTokens: 80,
      audioOutputTokens: 20,
    })
    const prompt = 250 * 3000 + 50 * 10_000 + 400 * 300 + 200 * 3750 + 100 * 6000 + 10_000_000
    const completion = 100 * 15_000 + 80 * 20_000 + 20 * 30_000
    expect(priceUsage(usage, endpoint)).toEqual({
      costNanoUsd: prompt + completion,
      promptNanoUsd: prompt,
      completionNanoUsd: completion,
      cacheDiscountNanoUsd: 700 * 3000 - (400 * 300 + 200 * 3750 + 100 * 6000),
    })
  })

  it('falls back to the prompt price where caching has none', () => {
    const endpoint = priced({ prompt: '0.000001', cacheWrite: '0.000002' })
    const usage = used({ promptTokens: 30, cachedTokens: 10, cacheWriteTokens: 20, cacheWrite1hTokens: 5 })
    expect(priceUsage(usage, endpoint)).toMatchObject({ costNanoUsd: 50_000, cacheDiscountNanoUsd: -20_000 })
  })

  it('prices a reasoning token that is free', () => {
    const endpoint = priced({ completion: '0.000001', reasoning: '0' })
    expect(priceUsage(used({ completionTokens: 10, reasoningTokens: 9 }), endpoint).costNanoUsd).toBe(1000)
  })

  it('applies a tier to the whole request, strictly above its threshold', () => {
    const endpoint = priced({ prompt: '0.000003', completion: '0.000015', cacheRead: '0.000001' }, [
      { abovePromptTokens: 400_000, completion: '0.00003' },
      { abovePromptTokens: 200_000, prompt: '0.000006' },
    ])
    const cost = (promptTokens: number) => priceUsage(used({ promptTokens, completionTokens: 1 }), endpoint).costNanoUsd
    expect(cost(200_000)).toBe(200_000 * 3000 + 15_000)
    expect(cost(200_001)).toBe(200_001 * 6000 + 15_000)
    // What the higher tier leaves out, it inherits.
    expect(cost(400_001)).toBe(400_001 * 6000 + 30_000)
  })

  it('never throws on what a broken upstream metered', () => {
    const endpoint = priced({ prompt: '0.000001', completion: '0.000001' })
    for (const broken of [Number.NaN, -5, 0.4, Number.POSITIVE_INFINITY, 1e300]) {
      const cost = priceUsage(used({ promptTokens: broken, completionTokens: broken, cachedTokens: broken }), endpoint)
      expect(Number.isSafeInteger(cost.costNanoUsd) && cost.costNanoUsd >= 0, `${broken}`).toBe(true)
    }
    expect(priceUsage(used({ promptTokens: 5, cachedTokens: 9 }), endpoint).promptNanoUsd).toBe(9000)
  })

  it('refuses a price that is not a plain decimal', () => {
    for (const prompt of ['-1', '1e-7', '', 'free', '0.1.2', ' 1']) {
      expect(isPriced(priced({ prompt })), prompt).toBe(false)
      expect(() => priceUsage(noUsage, priced({ prompt }))).toThrow(RangeError)
    }
    expect(isPriced(priced({ prompt: '3' }))).toBe(true)
    expect(isPriced(priced({}, [{ abovePromptTokens: 1, completion: 'x' }]))).toBe(false)
  })

  it('adds up over random usages: the parts to the cost, two requests to their sum, and nothing is negative', () => {
    const random = randomOf(20_261_121)
    const integer = (below: number) => Math.floor(random() * below)
    const decimal = () => `0.${'0'.repeat(integer(8))}${integer(1_000_000)}`
    for (let round = 0; round < 3000; round++) {
      const endpoint = priced({
        prompt: decimal(),
        completion: decimal(),
        ...(random() < 0.5 ? { cacheRead: decimal() } : {}),
        ...(random() < 0.5 ? { cacheWrite: decimal() } : {}),
        ...(random() < 0.5 ? { reasoning: decimal() } : {}),
        ...(random() < 0.5 ? { audioInput: decimal() } : {}),
      })
      const usage = () => {
        const cachedTokens = integer(50_000)
        const cacheWriteTokens = integer(50_000)
        const audioInputTokens = integer(1000)
        const reasoningTokens = integer(10_000)
        return used({
          promptTokens: cachedTokens + cacheWriteTokens + audioInputTokens + integer(50_000),
          cachedTokens,
          cacheWriteTokens,
          cacheWrite1hTokens: integer(cacheWriteTokens + 1),
          audioInputTokens,
          completionTokens: reasoningTokens + integer(10_000),
          reasoningTokens,
        })
      }
      const [a, b] = [usage(), usage()]
      const both = Object.fromEntries(
        Object.entries(a).map(([key, value]) => [key, Number(value) + Number(b[key as keyof TokenUsage])]),
      ) as unknown as TokenUsage
      const [costA, costB, costBoth] = [a, b, both].map((one) => priceUsage(one, endpoint)) as [
        ReturnType<typeof priceUsage>,
        ReturnType<typeof priceUsage>,
        ReturnType<typeof priceUsage>,
      ]
      for (const cost of [costA, costB, costBoth]) {
        expect(cost.promptNanoUsd + cost.completionNanoUsd).toBe(cost.costNanoUsd)
        expect(cost.promptNanoUsd).toBeGreaterThanOrEqual(0)
        expect(cost.completionNanoUsd).toBeGreaterThanOrEqual(0)
      }
      // Each is rounded once, so the three roundings differ by a nano-dollar at most.
      expect(Math.abs(costA.costNanoUsd + costB.costNanoUsd - costBoth.costNanoUsd)).toBeLessThanOrEqual(1)
    }
  })
})

describe('reserveFor', () => {
  const limits = { maxOutputTokens: 1000, contextLength: 10_000 }

  it('holds the dearest input and output price', () => {
    const endpoint = { ...priced({ prompt: '0.000001', cacheWrite: '0.000002', completion: '0.00001' }), ...limits }
    expect(reserveFor(100, 50, endpoint)).toBe(100 * 2000 + 50 * 10_000)
  })

  it('takes the smaller of the limits of client and endpoint', () => {
    const endpoint = { ...priced({ completion: '0.00001' }), ...limits }
    expect(reserveFor(0, null, endpoint)).toBe(1000 * 10_000)
    expect(reserveFor(0, 5000, endpoint)).toBe(1000 * 10_000)
    expect(reserveFor(4000, null, { ...endpoint, maxOutputTokens: null })).toBe(6000 * 10_000)
  })

  it('holds a long-context price that the metered count may reach', () => {
    const endpoint = { ...priced({ prompt: '0.000001' }, [{ abovePromptTokens: 200, prompt: '0.000003' }]), ...limits }
    expect(reserveFor(100, 0, endpoint)).toBe(100 * 1000)
    expect(reserveFor(150, 0, endpoint)).toBe(150 * 3000)
  })

  it('is never less than what the same tokens then cost', () => {
    const random = randomOf(7)
    const endpoint = {
      ...priced({ prompt: '0.000003', cacheRead: '0.0000003', cacheWrite: '0.000004', completion: '0.00002' }, [
        { abovePromptTokens: 1000, prompt: '0.000006', completion: '0.00003' },
      ]),
      ...limits,
    }
    for (let round = 0; round < 2000; round++) {
      const promptTokens = Math.floor(random() * 3000)
      const cachedTokens = Math.floor(random() * promptTokens)
      const usage = used({ promptTokens, cachedTokens, completionTokens: Math.floor(random() * 1000) })
      expect(reserveFor(promptTokens, null, endpoint)).toBeGreaterThanOrEqual(priceUsage(usage, endpoint).costNanoUsd)
    }
  })
})
