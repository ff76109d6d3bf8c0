import type { JsonRecord } from '../foreign-json.ts'
import { asRecord, asText } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { EncodeInput } from '../wire.ts'
import type { ModelFacts } from './model-facts.ts'
import type { GeminiFacts } from './provider-facts.ts'

const maxStopSequences = 5
const maxCandidates = 8
const maxLogprobs = 20

/** The sampling, length and modality fields of `generationConfig`, each within what Google takes. */
export function encodeGenerationConfig(
  { request, target }: EncodeInput,
  facts: ModelFacts,
  provider: GeminiFacts,
  note: Note,
): JsonRecord {
  const { endpoint, model } = target
  const config: JsonRecord = {}
  const listed = (name: string) => endpoint.parameters?.includes(name) === true
  const set = (field: string, name: string, value: number, wanted: number) => {
    config[name] = value
    if (value !== wanted) note(field, 'changed', 'provider-limit')
  }

  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  // A limit above the model's own is an error on Vertex.
  const ceiling = endpoint.maxOutputTokens ?? model.maxOutputTokens ?? Number.POSITIVE_INFINITY
  if (maxTokens != null) set('max_tokens', 'maxOutputTokens', Math.max(1, Math.min(maxTokens, ceiling)), maxTokens)

  const { temperature, top_p: topP, top_k: topK, seed, n } = request
  if (temperature != null) {
    if (endpoint.parameters && !listed('temperature')) note('temperature', 'dropped', 'not-supported-by-endpoint')
    else set('temperature', 'temperature', clamp(temperature, 0, 2), temperature)
  }
  if (topP != null) {
    if (endpoint.parameters && !listed('top_p')) note('top_p', 'dropped', 'not-supported-by-endpoint')
    else set('top_p', 'topP', clamp(topP, 0, 1), topP)
  }
  // Zero and below mean "all tokens" elsewhere, which is what saying nothing means here.
  if (topK != null && topK >= 1) config.topK = Math.floor(topK)
  // Google's seeds are 32 bit wide; the same seed must still mean the same.
  if (seed != null) set('seed', 'seed', Math.trunc(seed) | 0, seed)
  if (n != null && n > 1) set('n', 'candidateCount', Math.min(Math.floor(n), maxCandidates), n)

  for (const [field, name] of [
    ['frequency_penalty', 'frequencyPenalty'],
    ['presence_penalty', 'presencePenalty'],
  ] as const) {
    const value = request[field]
    if (value == null) continue
    if (provider.everySamplingParameter || facts.generation < 2.5 || listed(field))
      set(field, name, clamp(value, -2, 1.99), value)
    else if (value !== 0) note(field, 'dropped', 'not-supported-by-endpoint')
  }

  if (request.logprobs) {
    if (provider.everySamplingParameter || listed('logprobs')) {
      config.responseLogprobs = true
      if (request.top_logprobs) config.logprobs = Math.min(request.top_logprobs, maxLogprobs)
    } else note('logprobs', 'dropped', 'not-supported-by-endpoint')
  }

  const stop = (typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])).filter((text) => text !== '')
  if (stop.length > maxStopSequences) note('stop', 'changed', 'provider-limit')
  if (stop.length > 0) config.stopSequences = stop.slice(0, maxStopSequences)

  encodeModalities(config, { request, target }, note)
  return config
}

/** What the answer is made of: as the client wishes, and where a model has to be asked for more than text, that. */
function encodeModalities(
  config: JsonRecord,
  { request, target }: Pick<EncodeInput, 'request' | 'target'>,
  note: Note,
): void {
  const possible = target.endpoint.outputModalities as readonly string[]
  const asked = request.modalities ?? []
  const wanted = asked.filter((modality) => possible.includes(modality))
  if (wanted.length < asked.length) note('modalities', 'dropped', 'not-supported-by-endpoint')
  if (possible.includes('image')) {
    // Image models refuse to keep silent: a picture alone is not among what they combine.
    config.responseModalities = wanted.length > 0 && !wanted.includes('image') ? ['TEXT'] : ['TEXT', 'IMAGE']
    const image = imageConfigOf(asRecord(request.image_config))
    if (image) config.imageConfig = image
  }
  if (possible.includes('audio') && (wanted.includes('audio') || !possible.includes('text'))) {
    config.responseModalities = ['AUDIO']
    const voiceName = asText(request.audio?.voice)
    if (voiceName !== undefined) config.speechConfig = { voiceConfig: { prebuiltVoiceConfig: { voiceName } } }
    if (request.audio && request.audio.format !== 'pcm16') note('audio.format', 'changed', 'pcm16-only')
  }
}

function imageConfigOf(wish: JsonRecord | undefined): JsonRecord | undefined {
  const aspectRatio = asText(wish?.aspect_ratio)
  const imageSize = asText(wish?.image_size)
  if (aspectRatio === undefined && imageSize === undefined) return undefined
  return { ...(aspectRatio === undefined ? {} : { aspectRatio }), ...(imageSize === undefined ? {} : { imageSize }) }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
