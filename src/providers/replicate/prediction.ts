import { asRecord, asText, type JsonRecord } from '../foreign-json.ts'

/** What we read of a prediction, Replicate's name for one run of a model. */
export interface Prediction {
  id: string | undefined
  status: string
  output: unknown
  error: unknown
  metrics: JsonRecord | undefined
  /** Where its output is streamed, for models that stream. */
  streamUrl: string | undefined
}

/** Null for what is no prediction. */
export function readPrediction(text: string): Prediction | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const record = asRecord(value)
  const status = asText(record?.status)
  if (!record || status === undefined) return null
  return {
    id: asText(record.id),
    status,
    output: record.output,
    error: record.error,
    metrics: asRecord(record.metrics),
    streamUrl: asText(asRecord(record.urls)?.stream),
  }
}

/**
 * Whether nothing more is to come. A text that is there at once is whole before the status says so; a list of pieces may
 * still grow.
 */
export function isOver({ status, output }: Prediction): boolean {
  return ['succeeded', 'failed', 'canceled', 'aborted'].includes(status) || typeof output === 'string'
}
