import { describe, expect, it } from 'vitest'
import { noUsage } from '../../../src/chat/usage.ts'
import { readUsage } from '../../../src/providers/openai-chat/usage.ts'

describe('readUsage', () => {
  it.each<[string, object, object]>([
    ['plain', { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }, { promptTokens: 9, completionTokens: 2 }],
    [
      'OpenAI with details',
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 20, audio_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 4, image_tokens: 5 },
      },
      {
        promptTokens: 100,
        completionTokens: 50,
        cachedTokens: 64,
        cacheWriteTokens: 20,
        reasoningTokens: 30,
        audioInputTokens: 3,
        audioOutputTokens: 4,
        imageOutputTokens: 5,
      },
    ],
    [
      'OpenAI after a prediction',
      {
        prompt_tokens: 9,
        completion_tokens: 50,
        completion_tokens_details: { accepted_prediction_tokens: 30, rejected_prediction_tokens: 0 },
      },
      { promptTokens: 9, completionTokens: 50, acceptedPredictionTokens: 30, rejectedPredictionTokens: 0 },
    ],
    [
      'DeepSeek',
      { prompt_tokens: 30, completion_tokens: 5, prompt_cache_hit_tokens: 20, prompt_cache_miss_tokens: 10 },
      { promptTokens: 30, completionTokens: 5, cachedTokens: 20 },
    ],
    [
      'DeepSeek without a sum',
      { prompt_cache_hit_tokens: 20, prompt_cache_miss_tokens: 10 },
      { promptTokens: 30, cachedTokens: 20 },
    ],
    [
      'Moonshot',
      { prompt_tokens: 9, completion_tokens: 1, cached_tokens: 8 },
      { promptTokens: 9, completionTokens: 1, cachedTokens: 8 },
    ],
    [
      'Mistral',
      { prompt_tokens: 9, completion_tokens: 1, num_cached_tokens: 7 },
      { promptTokens: 9, completionTokens: 1, cachedTokens: 7 },
    ],
    [
      'Databricks',
      { prompt_tokens: 90, completion_tokens: 1, cache_read_input_tokens: 40, cache_creation_input_tokens: 30 },
      { promptTokens: 90, completionTokens: 1, cachedTokens: 40, cacheWriteTokens: 30 },
    ],
    [
      'xAI, whose reasoning is beside the completion',
      {
        prompt_tokens: 307,
        completion_tokens: 26,
        total_tokens: 560,
        completion_tokens_details: { reasoning_tokens: 227 },
        cost_in_usd_ticks: 1_497_500,
      },
      { promptTokens: 307, completionTokens: 253, reasoningTokens: 227, reportedCostNanoUsd: 149_750 },
    ],
    [
      'xAI with less reasoning than words',
      {
        prompt_tokens: 10,
        completion_tokens: 100,
        total_tokens: 130,
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      { promptTokens: 10, completionTokens: 120, reasoningTokens: 20 },
    ],
    [
      'OpenRouter',
      { prompt_tokens: 1, completion_tokens: 1, cost: 0.0001234 },
      { promptTokens: 1, completionTokens: 1, reportedCostNanoUsd: 123_400 },
    ],
    [
      'a cost in words',
      { prompt_tokens: 1, completion_tokens: 1, cost: '0.002187' },
      { promptTokens: 1, completionTokens: 1, reportedCostNanoUsd: 2_187_000 },
    ],
    [
      'Perplexity',
      { prompt_tokens: 1, completion_tokens: 1, cost: { total_cost: 0.005, request_cost: 0.005 } },
      { promptTokens: 1, completionTokens: 1, reportedCostNanoUsd: 5_000_000 },
    ],
    [
      'DeepInfra',
      { prompt_tokens: 1, completion_tokens: 1, estimated_cost: 2.5e-7 },
      { promptTokens: 1, completionTokens: 1, reportedCostNanoUsd: 250 },
    ],
    [
      'Responses names',
      { input_tokens: 4, output_tokens: 3, output_tokens_details: { reasoning_tokens: 2 } },
      { promptTokens: 4, completionTokens: 3, reasoningTokens: 2 },
    ],
    [
      'nulls',
      { prompt_tokens: 4, completion_tokens: null, prompt_tokens_details: null, cost: null },
      { promptTokens: 4 },
    ],
    ['garbage', { prompt_tokens: -4, completion_tokens: 2.9, cached_tokens: 'x', cost: -1 }, { completionTokens: 2 }],
    [
      'parts greater than the whole',
      {
        prompt_tokens: 5,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 9, cache_write_tokens: 9, audio_tokens: 9 },
        completion_tokens_details: { accepted_prediction_tokens: 9, rejected_prediction_tokens: null },
      },
      { promptTokens: 5, completionTokens: 1, cachedTokens: 5, audioInputTokens: 5, acceptedPredictionTokens: 1 },
    ],
  ])('reads %s', (_, usage, want) => {
    expect(readUsage(usage)).toEqual({ ...noUsage, ...want })
  })

  it.each([null, undefined, {}, [], 'x', 7, { queue_time: 1 }, { prompt_tokens: 'x' }, { prompt_tokens: Number.NaN }])(
    'counts nothing in %j',
    (usage) => {
      expect(readUsage(usage)).toBeNull()
    },
  )
})
