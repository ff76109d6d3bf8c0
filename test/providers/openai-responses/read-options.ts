import type { ReadOptions } from '../../../src/providers/openai-responses/response-reader.ts'

/** Options of OpenAI itself, with ids that can be foreseen. */
export function readOptions(changes: Partial<ReadOptions> = {}): ReadOptions {
  let made = 0
  return { format: 'openai-responses-v1', newCallId: () => `made-${++made}`, secrets: [], ...changes }
}
