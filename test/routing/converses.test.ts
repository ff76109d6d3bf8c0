import { describe, expect, it } from 'vitest'
import { converses } from '../../src/routing/converses.ts'
import { modelRecord } from './records.ts'

describe('a model converses', () => {
  it.each(['openai/gpt-4o', 'acme/m1-vision', 'acme/omni', 'acme/emt-1', 'acme/coder'])('where it is %s', (id) => {
    expect(converses(modelRecord(id))).toBe(true)
    expect(converses(modelRecord(id, { outputModalities: ['text', 'image'] }))).toBe(true)
  })

  it.each([
    'meta-llama/llama-guard-4-12b',
    'openai/gpt-oss-safeguard-20b',
    'nvidia/nemotron-3-content-safety',
    'nvidia/riva-translate-4b-instruct-v1.1',
    'qwen/qwen-mt-plus',
    'deepseek/deepseek-ocr-2',
    'paddlepaddle/paddleocr-vl',
    'google/lyria-3-clip-preview',
    'morph/morph-v3-fast',
  ])('not where it does one thing, as %s', (id) => {
    expect(converses(modelRecord(id))).toBe(false)
  })

  it('not where it takes or gives no text', () => {
    expect(converses(modelRecord('acme/m1', { outputModalities: ['embeddings'] }))).toBe(false)
    expect(converses(modelRecord('acme/m1', { outputModalities: ['audio', 'speech'] }))).toBe(false)
    expect(converses(modelRecord('acme/m1', { inputModalities: ['audio'] }))).toBe(false)
  })
})
