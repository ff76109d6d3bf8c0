import { describe, expect, it } from 'vitest'
import { isOffered, outputsNamed, outputsOf } from '../../scripts/modalities.mjs'

describe('what a model puts out is known by its name', () => {
  it.each([
    ['openai/text-embedding-3-small', ['embeddings']],
    ['Qwen/Qwen3-Embedding-8B', ['embeddings']],
    ['baai/bge-m3', ['embeddings']],
    ['intfloat/multilingual-e5-large-instruct', ['embeddings']],
    ['all-MiniLM-L6-v2', ['embeddings']],
    ['baai/bge-reranker-v2-m3', ['rerank']],
    ['nvidia/llama-3-2-nv-rerankqa-1b-v2', ['rerank']],
    ['kblab/kb-whisper-large', ['transcription']],
    ['qwen/qwen3-asr-flash', ['transcription']],
    ['nvidia/magpie-tts-zeroshot', ['speech']],
    ['google/gemini-2.5-flash-preview-tts', ['audio', 'speech']],
    ['openai/gpt-image-2', ['image']],
    ['google/gemini-3-pro-image-preview', ['text', 'image']],
  ])('of %s', (id, outputs) => expect(outputsNamed(id)).toEqual(outputs))

  it.each([
    'openai/gpt-4o-audio-preview',
    'openai/gpt-4o',
    'meta-llama/llama-guard-4-12b',
    'meta-llama/llama-3.2-11b-vision-instruct',
    'nvidia/riva-translate-4b-instruct-v1.1',
    'fireworks/ember-1',
    'acme/embedded-coder',
    'mistralai/voxtral-small-24b-2507',
    'google/gemma-4-e2b-it',
  ])('but not of %s, which may chat', (id) => {
    expect(outputsNamed(id)).toBeNull()
    expect(isOffered(id)).toBe(true)
  })
})

describe('what a row puts out', () => {
  it('is what its list says where the name says nothing', () => {
    const row = { model: 'acme/m1', in: ['text'], out: ['text', 'audio'] }
    expect(outputsOf(row)).toEqual(['text', 'audio'])
    expect(outputsOf({ ...row, model: 'acme/embed-1' })).toEqual(['embeddings'])
  })

  it('is a transcription where it only hears', () => {
    expect(outputsOf({ model: 'greenpt/green-s', in: ['audio'], out: ['text'] })).toEqual(['transcription'])
    expect(outputsOf({ model: 'acme/m1', in: ['text', 'audio'], out: ['text'] })).toEqual(['text'])
  })
})

describe('a model is not offered', () => {
  it.each([
    'meta-llama/esm2-650m',
    'meta-llama/esmfold',
    'nvidia/bevformer',
    'nvidia/gliner-pii',
    'openai/gpt-realtime-2.1',
    'qwen/qwen3-livetranslate-flash-realtime',
    'google/gemini-3.1-flash-live-preview',
  ])('where no surface has a place for it: %s', (id) => expect(isOffered(id)).toBe(false))
})
