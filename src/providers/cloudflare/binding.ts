import type { Egress } from '../../edge/egress.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { asList, asRecord, type JsonRecord } from '../foreign-json.ts'
import { newCallId } from '../new-call-id.ts'
import type { Variables } from '../provider.ts'

/** As much of the `AI` binding as is used here. */
export interface AiBinding {
  run(
    model: string,
    input: Record<string, unknown>,
    options: { returnRawResponse: true; signal?: AbortSignal },
  ): Promise<Response>
}

/** Where requests for the binding are sent: an address that nobody has. */
export const bindingUrl = 'https://workers-ai.binding'

/** Variables are texts, all but the bindings among them. */
export function bindingIn({ AI: value }: Variables): AiBinding | null {
  const binding: unknown = value
  return typeof binding === 'object' && binding !== null && 'run' in binding ? (binding as AiBinding) : null
}

/** What the one egress opens connections with: where the Worker has an `AI` binding, its address leads there. */
export function withAiBinding(fetch: Egress, variables: Variables): Egress {
  const binding = bindingIn(variables)
  if (!binding) return fetch
  return (url, init) => (url.startsWith(`${bindingUrl}/`) ? runOnBinding(binding, init) : fetch(url, init))
}

const maxEventBytes = 8 * 1024 * 1024

/**
 * Answers a chat completions request from the binding as the REST API would. Newer models speak OpenAI's shape
 * themselves; the answers of older ones, `{response, tool_calls, usage}` without ids or finish, are put into it.
 */
export async function runOnBinding(ai: AiBinding, init: RequestInit): Promise<Response> {
  const { model, ...input } = JSON.parse(String(init.body)) as { model: string } & JsonRecord
  const options = { returnRawResponse: true, ...(init.signal ? { signal: init.signal } : {}) } as const
  let answer: Response
  try {
    answer = await ai.run(model, input, options)
  } catch (error) {
    return failed(error)
  }
  if (!answer.ok || answer.body === null) return answer
  const isStream = (answer.headers.get('content-type') ?? '').startsWith('text/event-stream')
  if (isStream) return new Response(answer.body.pipeThrough(openAiChunks()), { headers: answer.headers })
  const text = await answer.text()
  const headers = { 'content-type': 'application/json' }
  try {
    return new Response(JSON.stringify(openAiBody(JSON.parse(text))), { headers })
  } catch {
    return new Response(text, { headers })
  }
}

/** The binding throws what the REST API answers: `3040: Capacity temporarily exceeded`. */
function failed(error: unknown): Response {
  const message = error instanceof Error ? error.message : String(error)
  const code = Number(/\b(\d{4,5})\b/.exec(message)?.[1] ?? 0)
  const status = [3036, 3040].includes(code) ? 429 : code === 5007 ? 404 : code >= 5000 && code < 6000 ? 400 : 500
  return Response.json({ success: false, errors: [{ code, message }] }, { status })
}

function openAiBody(value: unknown): unknown {
  const outer = asRecord(value)
  const answer = asRecord(outer?.result) ?? outer
  if (!answer || answer.choices !== undefined || answer.response === undefined) return answer ?? value
  const calls = callsOf(answer)
  const message = { role: 'assistant', content: answer.response, ...(calls.length > 0 ? { tool_calls: calls } : {}) }
  const finish = calls.length > 0 ? 'tool_calls' : 'stop'
  return { choices: [{ index: 0, message, finish_reason: finish }], ...usageOf(answer) }
}

function callsOf({ tool_calls: calls }: JsonRecord): JsonRecord[] {
  return asList(calls).flatMap((item, index) => {
    const call = asRecord(item)
    const said = asRecord(call?.function) ?? call
    if (typeof said?.name !== 'string') return []
    const given = said.arguments ?? {}
    const text = typeof given === 'string' ? given : JSON.stringify(given)
    return [{ index, id: call?.id ?? newCallId(), type: 'function', function: { name: said.name, arguments: text } }]
  })
}

function usageOf({ usage }: JsonRecord): JsonRecord {
  return usage === undefined ? {} : { usage }
}

/** Events of either shape to OpenAI's chunks. Native ones have no finish: their `[DONE]` is it. */
function openAiChunks(): TransformStream<Uint8Array, Uint8Array> {
  const utf8 = new TextEncoder()
  const text = new TextDecoder()
  let native = false
  let calls = 0
  let out = ''
  const events = new SseEvents((bytes, start, end) => {
    const data = text.decode(bytes.subarray(start, end))
    if (data.startsWith('[DONE]')) {
      if (native) out += dataOf({ choices: [choice({}, calls > 0 ? 'tool_calls' : 'stop')] })
      out += 'data: [DONE]\n\n'
      return
    }
    const event = recordOf(data)
    if (!event || event.choices !== undefined || event.response === undefined) {
      out += `data: ${data}\n\n`
      return
    }
    native = true
    const own = callsOf(event).map((call) => ({ ...call, index: calls++ }))
    const delta = { content: event.response, ...(own.length > 0 ? { tool_calls: own } : {}) }
    out += dataOf({ choices: [choice(delta, null)], ...usageOf(event) })
  }, maxEventBytes)
  const flush = (controller: TransformStreamDefaultController<Uint8Array>) => {
    if (out !== '') controller.enqueue(utf8.encode(out))
    out = ''
  }
  return new TransformStream({
    transform(bytes, controller) {
      events.push(bytes)
      flush(controller)
    },
    flush(controller) {
      events.end()
      flush(controller)
    },
  })
}

function choice(delta: JsonRecord, finish: string | null): JsonRecord {
  return { index: 0, delta, finish_reason: finish }
}

function dataOf(chunk: JsonRecord): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}

function recordOf(data: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(data))
  } catch {
    return undefined
  }
}
