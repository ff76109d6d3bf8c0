import { describe, expect, it } from 'vitest'
import { noUsage } from '../../src/chat/usage.ts'
import { usageJson } from '../../src/chat/usage-json.ts'

describe('usage', () => {
  it.each([
    [0, '0'],
    [1, '1e-9'],
    [12_300, '0.0000123'],
    [100_000_000, '0.1'],
    [300_000_001, '0.300000001'],
    [999_999_999_999_999, '999999.999999999'],
  ])('tells %i nano-dollars as exactly $%s', (costNanoUsd, printed) => {
    const { cost } = usageJson(noUsage, { costNanoUsd, promptNanoUsd: 0, completionNanoUsd: 0 }, false)
    expect(JSON.stringify(cost)).toBe(printed)
  })

  it('is complete when nothing was metered', () => {
    const json = JSON.stringify(usageJson(noUsage, { costNanoUsd: 0, promptNanoUsd: 0, completionNanoUsd: 0 }, false))
    expect(json).not.toContain('null')
    expect(JSON.parse(json)).toMatchObject({
      prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0, audio_tokens: 0, video_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, image_tokens: 0, audio_tokens: 0 },
    })
  })

  it('tells what became of a prediction where the provider does', () => {
    const free = { costNanoUsd: 0, promptNanoUsd: 0, completionNanoUsd: 0 }
    const told = { ...noUsage, acceptedPredictionTokens: 3, rejectedPredictionTokens: 0 }
    expect(usageJson(told, free, false).completion_tokens_details).toEqual({
      reasoning_tokens: 0,
      image_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 3,
      rejected_prediction_tokens: 0,
    })
    expect(JSON.stringify(usageJson(noUsage, free, false))).not.toContain('prediction')
  })

  it("tells the list price as the provider's when the key was the account's own", () => {
    const cost = { costNanoUsd: 5, promptNanoUsd: 60, completionNanoUsd: 40 }
    expect(usageJson(noUsage, cost, true)).toMatchObject({
      cost: 5e-9,
      is_byok: true,
      cost_details: { upstream_inference_cost: 1e-7 },
    })
    expect(usageJson(noUsage, { ...cost, upstreamNanoUsd: 120 }, true).cost_details.upstream_inference_cost).toBe(
      1.2e-7,
    )
  })
})
