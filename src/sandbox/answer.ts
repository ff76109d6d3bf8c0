import type { Behaviour } from './behaviour.ts'
import { lastUserText, type SandboxRequest, type SandboxTool, textOf } from './request.ts'
import { sampleOf } from './schema-sample.ts'
import { countTokens, tokensOf } from './tokens.ts'

export interface SandboxToolCall {
  id: string
  name: string
  arguments: string
}

export interface SandboxUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details: { cached_tokens: number }
  completion_tokens_details: { reasoning_tokens: number }
}

/** A whole answer before it is streamed or sent: the tokens joined are the text. */
export interface Answer {
  id: string
  reasoning: string[]
  text: string[]
  toolCalls: SandboxToolCall[]
  finishReason: 'stop' | 'length' | 'tool_calls'
  usage: SandboxUsage
}

/** What a model answers: a function of the request alone. */
export function answerTo(request: SandboxRequest, behaviour: Behaviour): Answer {
  const seed = hash(JSON.stringify([request.model, request.messages, request.tools ?? null]))
  const called = toolsToCall(request, behaviour)
  const said = called.length > 0 ? '' : untilStop(textFor(request, behaviour), request.stop)
  const budget = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY
  const thought = behaviour.reasons ? tokensOf(thoughtsOn(request)) : []
  const reasoning = thought.slice(0, budget)
  const text = tokensOf(said)
  const kept = text.slice(0, budget - reasoning.length)
  const cutShort = reasoning.length < thought.length || kept.length < text.length
  const toolCalls = cutShort ? [] : called.map((tool, index) => callOf(tool, request, `call_${seed}_${index}`))
  const calledTokens = toolCalls.reduce((sum, call) => sum + countTokens(call.name) + countTokens(call.arguments), 0)
  const completion = (reasoning.length + kept.length + calledTokens) * (request.n ?? 1)
  const prompt = promptTokens(request)
  return {
    id: `chatcmpl-sandbox-${seed}`,
    reasoning,
    text: kept,
    toolCalls,
    finishReason: cutShort ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop',
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: reasoning.length * (request.n ?? 1) },
    },
  }
}

function toolsToCall(request: SandboxRequest, behaviour: Behaviour): SandboxTool[] {
  const tools = request.tools ?? []
  const choice = request.tool_choice ?? 'auto'
  if (typeof choice === 'object') return tools.filter((tool) => tool.function.name === choice.function.name).slice(0, 1)
  // A result that is already there is answered with, or the conversation would never end.
  if (choice === 'none' || (choice === 'auto' && (!behaviour.prefersTools || endsWithToolResult(request)))) return []
  return tools.slice(0, request.parallel_tool_calls === false ? 1 : 2)
}

function endsWithToolResult(request: SandboxRequest): boolean {
  return request.messages.at(-1)?.role === 'tool'
}

function callOf(tool: SandboxTool, request: SandboxRequest, id: string): SandboxToolCall {
  const { name, parameters } = tool.function
  return {
    id,
    name,
    arguments: JSON.stringify(sampleOf(parameters ?? { type: 'object' }, excerpt(lastUserText(request), 40))),
  }
}

function textFor(request: SandboxRequest, behaviour: Behaviour): string {
  const format = request.response_format
  const schema = format?.json_schema
  if (typeof schema === 'object' && schema !== null && 'schema' in schema)
    return JSON.stringify(sampleOf(schema.schema))
  if (format?.type === 'json_object' || format?.type === 'json_schema' || behaviour.prefersJson) {
    return JSON.stringify({ model: request.model, prompt: excerpt(lastUserText(request), 200) })
  }
  const said = endsWithToolResult(request)
    ? `The tool answered: ${excerpt(textOf(request.messages.at(-1)), 200)}`
    : `You said: ${excerpt(lastUserText(request), 200)}`
  const answer =
    `This is ${request.model} of the sandbox: no model was asked, and nothing left this gateway. ${said} ` +
    `(${request.messages.length} ${request.messages.length === 1 ? 'message' : 'messages'}, ${promptTokens(request)} tokens)`
  const filler = behaviour.fillerTokens - countTokens(answer)
  return filler > 0 ? answer + Array.from({ length: filler }, (_, index) => ` ${index + 1}`).join('') : answer
}

const thoughts = [
  'The last message is what I have to answer.',
  'I am a sandbox, so the honest answer is to repeat it.',
  'I count the words as well, so that the usage means something.',
]

function thoughtsOn(request: SandboxRequest): string {
  const sentences = { none: 0, minimal: 1, low: 1, medium: 2 }[request.reasoning_effort ?? 'medium'] ?? thoughts.length
  return thoughts.slice(0, sentences).join(' ')
}

/** As models do it, the stop sequence itself is left out. */
function untilStop(text: string, stop: SandboxRequest['stop']): string {
  const sequences = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((sequence) => sequence !== '')
  const ends = sequences.map((sequence) => text.indexOf(sequence)).filter((at) => at >= 0)
  return text.slice(0, Math.min(text.length, ...ends))
}

function promptTokens(request: SandboxRequest): number {
  const messages = request.messages.reduce((sum, message) => sum + 3 + countTokens(textOf(message)), 0)
  return messages + (request.tools ? countTokens(JSON.stringify(request.tools)) : 0)
}

/** At most so many code points, on one line. */
function excerpt(text: string, length: number): string {
  const line = text
    .slice(0, length * 4)
    .replace(/\s+/gu, ' ')
    .trim()
  const points = [...line]
  return points.length > length ? `${points.slice(0, length - 1).join('')}…` : line
}

/** FNV-1a, eight hexadecimal digits: enough to tell two answers apart. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return (value >>> 0).toString(16).padStart(8, '0')
}
