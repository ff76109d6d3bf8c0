import type { FinishReason } from '../../chat/parts.ts'

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  complete: 'stop',
  completed: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_length: 'length',
  max_new_tokens: 'length',
  max_output_tokens: 'length',
  model_length: 'length',
  model_context_window_exceeded: 'length',
  tool_calls: 'tool_calls',
  tool_call: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
  recitation: 'content_filter',
  refusal: 'content_filter',
  safety: 'content_filter',
  sensitive: 'content_filter',
  error: 'error',
  abort: 'error',
  failed: 'error',
  insufficient_system_resource: 'error',
  malformed_function_call: 'error',
  network_error: 'error',
}

/**
 * The public finish reason of a provider's own (`openrouter-normalisation.md` §4.2). A choice with tool calls that
 * stopped has stopped for them. A word that nobody knows is a stop when something was produced and else an error.
 */
export function finishReasonOf(native: string, said: { calls: boolean; produced: boolean }): FinishReason {
  const reason = Object.hasOwn(reasons, native.toLowerCase()) ? reasons[native.toLowerCase()] : undefined
  if (reason === undefined) return said.calls ? 'tool_calls' : said.produced ? 'stop' : 'error'
  return reason === 'stop' && said.calls ? 'tool_calls' : reason
}
