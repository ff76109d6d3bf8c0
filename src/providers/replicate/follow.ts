import type { FollowContext } from '../wire.ts'
import { reportEvent } from './decode.ts'
import { isOver, type Prediction, readPrediction } from './prediction.ts'

/** Between two looks at a prediction: soon at first, later more patiently. */
const pollMs = [250, 500, 1_000, 2_000]
/** How often the end of a stream is asked after before its tokens are given up. */
const maxReports = 4
/** Failures of looking that are no failure of the prediction. */
const maxLookFailures = 3

/**
 * From the answer that a prediction has begun to what it says: its event stream, where the client streams and the model
 * does, with a last event of our own that tells what was metered; else the prediction once it is over. A call that is
 * given up cancels the prediction, which would go on, and cost, without anybody listening.
 */
export async function follow(first: Response, context: FollowContext): Promise<Response> {
  const text = await first.text()
  const prediction = readPrediction(text)
  if (!prediction?.id || isOver(prediction)) return answerOf(text)
  const { id } = prediction
  const run = { context, url: `${context.target.baseUrl}/predictions/${encodeURIComponent(id)}`, over: false }
  const onAbort = () => {
    if (!run.over) context.background(cancel(run))
  }
  context.signal.addEventListener('abort', onAbort, { once: true })
  if (context.signal.aborted) onAbort()
  if (context.stream && prediction.streamUrl && isReplicates(prediction.streamUrl, context.target.baseUrl)) {
    const stream = await open(prediction.streamUrl, context)
    // A stream that cannot be had is no failure of the prediction.
    if (stream) return stream.body ? withReport(stream, stream.body, run) : stream
  }
  return poll(run)
}

interface Run {
  context: FollowContext
  /** Where the prediction is. Made from the base URL and not taken from the answer, which could name any place. */
  url: string
  /** There is nothing left to cancel. */
  over: boolean
}

function answerOf(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}

/** An address that an answer names is only followed to where it came from, or to Replicate's own stream hosts. */
export function isReplicates(address: string, baseUrl: string): boolean {
  if (!URL.canParse(address) || !URL.canParse(baseUrl)) return false
  const { protocol, hostname, origin } = new URL(address)
  const base = new URL(baseUrl)
  if (origin === base.origin) return true
  const own = (host: string) => host === 'replicate.com' || host.endsWith('.replicate.com')
  return protocol === 'https:' && own(hostname) && own(base.hostname)
}

async function open(address: string, context: FollowContext): Promise<Response | null> {
  const { authorization, 'user-agent': agent } = context.headers
  // The address is a secret of its own; the credential goes no further than to the API.
  const isApi = new URL(address).origin === new URL(context.target.baseUrl).origin
  const response = await context.fetch(address, {
    headers: {
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      ...(agent ? { 'user-agent': agent } : {}),
      ...(isApi && authorization ? { authorization } : {}),
    },
    signal: context.signal,
  })
  if (response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream')) return response
  await response.body?.cancel()
  return null
}

/** The events, and after them the prediction as one more. */
function withReport(stream: Response, body: ReadableStream<Uint8Array>, run: Run): Response {
  const reader = body.getReader()
  const reported = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await reader.read()
      if (!done) {
        controller.enqueue(value)
        return
      }
      const report = await reportOf(run)
      run.over = true
      if (report !== null) controller.enqueue(new TextEncoder().encode(report))
      controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return new Response(reported, { status: stream.status, headers: stream.headers })
}

/** Null where nobody knows what was metered: the answer stands without it. */
async function reportOf(run: Run): Promise<string | null> {
  for (let look = 0; look < maxReports; look++) {
    const text = await textAt(run).catch(() => null)
    const prediction = text === null ? null : readPrediction(text)
    if (text !== null && prediction && isOver(prediction))
      // One line, whatever it came as. What was said is in it once more, so all but the metrics stays behind.
      return `\n\nevent: ${reportEvent}\ndata: ${JSON.stringify({ status: prediction.status, metrics: prediction.metrics })}\n\n`
    await wait(pollMs[look] ?? 0, run.context.signal)
  }
  return null
}

async function poll(run: Run): Promise<Response> {
  let failures = 0
  for (let look = 0; ; look++) {
    await wait(pollMs[Math.min(look, pollMs.length - 1)] ?? 0, run.context.signal)
    const response = await lookAt(run)
    if (!response.ok) {
      if (++failures > maxLookFailures || (response.status < 500 && response.status !== 429)) return response
      await response.body?.cancel()
      continue
    }
    const text = await response.text()
    const prediction: Prediction | null = readPrediction(text)
    if (prediction && !isOver(prediction)) continue
    run.over = true
    return answerOf(text)
  }
}

function lookAt({ context, url }: Run): Promise<Response> {
  return context.fetch(url, { headers: { ...apiHeaders(context), accept: 'application/json' }, signal: context.signal })
}

async function textAt(run: Run): Promise<string | null> {
  const response = await lookAt(run)
  if (response.ok) return response.text()
  await response.body?.cancel()
  return null
}

async function cancel({ context, url }: Run): Promise<void> {
  const response = await context
    .fetch(`${url}/cancel`, { method: 'POST', headers: apiHeaders(context) })
    .catch(() => null)
  await response?.body?.cancel()
}

function apiHeaders({ headers }: FollowContext): Record<string, string> {
  const { authorization, 'user-agent': agent } = headers
  return { ...(authorization ? { authorization } : {}), ...(agent ? { 'user-agent': agent } : {}) }
}

/** Rejects as soon as the attempt is over. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
