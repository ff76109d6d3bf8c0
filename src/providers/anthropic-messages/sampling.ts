import type { Note } from '../openai-chat/provider-facts.ts'
import type { EncodeInput } from '../wire.ts'
import type { ModelFacts } from './claude.ts'
import type { Thinking } from './thinking.ts'

export interface SamplingFields {
  temperature?: number
  top_p?: number
  top_k?: number
}

/** The sampling parameters that the model takes here and now. */
export function encodeSampling(
  { request, target }: EncodeInput,
  facts: ModelFacts,
  thinking: Thinking,
  note: Note,
): SamplingFields {
  const fields: SamplingFields = {}
  for (const field of ['temperature', 'top_p', 'top_k'] as const) {
    const value = request[field]
    // Elsewhere 0 and -1 mean that all tokens are candidates, as they are here without the field.
    if (value == null || (field === 'top_k' && value <= 0)) continue
    if (facts.refusesSampling) note(field, 'dropped', 'refused-by-model')
    else if (field !== 'top_k' && target.endpoint.parameters?.includes(field) === false)
      note(field, 'dropped', 'not-supported-by-endpoint')
    else if (thinking.mode !== 'off' && !fitsThinking(field, value)) note(field, 'dropped', 'excluded-by-reasoning')
    else if (field === 'top_p' && facts.oneOfTemperatureAndTopP && fields.temperature !== undefined)
      note(field, 'dropped', 'excluded-by-temperature')
    else if (field !== 'top_k' && value > 1) {
      fields[field] = 1
      note(field, 'changed', 'at-most-one')
    } else fields[field] = field === 'top_k' ? Math.floor(value) : value
  }
  return fields
}

/** A model that thinks takes its own temperature, nearly all of the candidates, and no other limit. */
function fitsThinking(field: keyof SamplingFields, value: number): boolean {
  return field === 'temperature' ? value === 1 : field === 'top_p' && value >= 0.95
}

/** Texts that end the answer; white space alone is an error there. */
export function encodeStops({ request }: EncodeInput, note: Note): { stop_sequences?: string[] } {
  const stops = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])
  const kept = stops.filter((stop) => stop.trim() !== '')
  if (kept.length < stops.length) note('stop', 'changed', 'empty-stop')
  return kept.length > 0 ? { stop_sequences: kept } : {}
}
