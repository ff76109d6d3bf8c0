import type { Envelope } from '../chat/envelope.ts'
import type { AttemptFailure, Failure } from '../chat/failure.ts'
import type { Part } from '../chat/parts.ts'
import { isFinished } from '../chat/stream-stage.ts'
import type { TokenUsage } from '../chat/usage.ts'
import type { ByteReader } from '../edge/byte-reader.ts'
import type { UsageCost } from '../metering/price-usage.ts'
import { renewEveryMs } from '../metering/reservations.ts'
import type { TranslationNote } from '../providers/wire.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import { streamFailure } from '../routing/outcome.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import { type Dialect, keepAliveComment } from './dialect.ts'
import type { Gateway } from './gateway.ts'
import { chargeOf, costOf, estimateUsage, noCost } from './generation-row.ts'
import { billLost } from './hedge.ts'
import type { RunResult } from './run.ts'

// A stream tells time by the ticks of one timer, never by the clock: a clock that jumps would cut a good stream short, or
// leave a dead one open.
const tickMs = 1_000
/** A comment goes out when nothing was written for this long. */
const quietTicks = 2
/** After the finish only the usage is still to come: a provider that keeps the line open keeps the client no longer. */
const afterFinishMs = 5_000
/** How long an upstream that has said all may take to end its answer. */
const lastBytesMs = 1_000
const maxLastBytes = 65_536

export interface StreamInput {
  gateway: Gateway
  dialect: Dialect
  running: Promise<RunResult>
  /** The headers go out before the outcome is known: keep-alives start at once. */
  waited: boolean
  client: AbortSignal
  /** For an error that comes before any provider has answered. */
  fallbackEnvelope: Envelope
  needs: RequestNeeds
  /** Keeps the reservation alive; called every `renewEveryMs`. */
  renew?: () => void
}

/** What a stream came to, for settling. */
export interface StreamEnd {
  planned: PlannedAttempt | null
  /** What the client was told; null when all went well. */
  failure: Failure | null
  /** The same as the endpoint's fault, when it was one. */
  attemptFailure: AttemptFailure | null
  cancelled: boolean
  finish: { reason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error'; native: string | null } | null
  usage: TokenUsage | null
  cost: UsageCost
  upstreamId: string | null
  serviceTier: string | null
  translation: TranslationNote[]
  /** Epoch milliseconds. */
  calledAt: number
  firstContentAt: number | null
  endedAt: number
  latencyMs: number
  /** The pieces of tool calls; null where there are none. */
  toolCalls: Part[] | null
}

/**
 * Pumps an upstream stream through its stage to the client. The readable goes into the response at once. `onEnd` hears
 * what the stream came to as soon as that is known, however slowly the client reads the rest; `done` resolves when the
 * last byte is out, `onEnd` has done its work, and the upstream has been read to its end or cut off. A client that goes
 * cancels the upstream at once.
 */
export function streamAnswer(
  input: StreamInput,
  onEnd: (end: StreamEnd) => Promise<void>,
): { stream: ReadableStream<Uint8Array>; done: Promise<void> } {
  // The runtime's own identity stream: a write is handed to the socket without another crossing into JavaScript.
  const { readable, writable } = new IdentityTransformStream()
  return { stream: readable, done: new Pump(input, writable.getWriter()).run(onEnd) }
}

class Pump {
  #input: StreamInput
  #writer: WritableStreamDefaultWriter<Uint8Array>
  #clientGone = false
  #onGone: () => void = () => {}
  #onSilence: () => void = () => {}
  #ticks = 0
  #lastWriteTick = 0
  #writing: Promise<void> = Promise.resolve()
  #busy = false
  #leftover: Promise<void> | undefined

  constructor(input: StreamInput, writer: WritableStreamDefaultWriter<Uint8Array>) {
    this.#input = input
    this.#writer = writer
  }

  async run(onEnd: (end: StreamEnd) => Promise<void>): Promise<void> {
    const { client } = this.#input
    const onGone = () => {
      this.#clientGone = true
      this.#onGone()
    }
    client.addEventListener('abort', onGone, { once: true })
    this.#writer.closed.catch(onGone)
    if (client.aborted) onGone()
    if (this.#input.waited) this.#write(keepAliveComment)
    const ticker = setInterval(() => this.#tick(), tickMs)
    let settling: Promise<void> | undefined
    try {
      settling = onEnd(await this.#pump().catch((bug: unknown) => this.#confess(bug)))
    } finally {
      clearInterval(ticker)
      client.removeEventListener('abort', onGone)
      await this.#writing
      await this.#writer.close().catch(() => {})
      await Promise.all([settling, this.#leftover])
    }
  }

  async #pump(): Promise<StreamEnd> {
    const { gateway, dialect, running } = this.#input
    const result = await running
    if (result.answered === null) {
      if (!result.cancelled && !this.#clientGone)
        this.#write(dialect.failing(this.#input.fallbackEnvelope, result.failure, null, gateway.settings.origin))
      return { ...nothing, failure: result.failure, cancelled: result.cancelled, endedAt: gateway.now() }
    }
    const { answered, planned, envelope, calledAt, record } = result
    if (answered.kind !== 'stream') throw new Error('a stream was asked for')
    const { stage, reader } = answered
    const { progress } = stage
    let firstContentAt: number | null = null
    let broken: AttemptFailure | null = null
    const stop = () => {
      answered.cancel()
      reader.cancel()
    }
    this.#onGone = stop
    if (this.#clientGone) stop()

    const idleMs = planned.model.reasoning.supported ? gateway.deadlines.idleReasoningMs : gateway.deadlines.idleMs
    let silent = false
    // Silence is a read that is waited for and brings nothing of an answer: a client that does not read is not the
    // provider's fault, and a provider that sends nothing but comments is as good as dead.
    let reading = false
    let ended = false
    let quietSince = 0
    let heardBytes = -1
    this.#onSilence = () => {
      const patienceMs = isFinished(progress) ? Math.min(idleMs, afterFinishMs) : idleMs
      if (!reading || (this.#ticks - quietSince - 1) * tickMs < patienceMs) return
      silent = true
      stop()
    }
    try {
      for (;;) {
        const out = stage.take()
        if (out !== null) {
          if (progress.content) firstContentAt ??= gateway.now()
          // The next read starts while this write drains; a slow client still holds the upstream back by one read.
          this.#write(out)
        }
        if (progress.failure !== null || progress.done || this.#clientGone || silent) break
        if (out !== null || progress.contentBytes !== heardBytes) quietSince = this.#ticks
        heardBytes = progress.contentBytes
        reading = true
        const bytes = await reader.read()
        reading = false
        // The stage writes into the buffer that the last write may still be reading.
        await this.#writing
        if (bytes === null) {
          ended = true
          if (!silent && !this.#clientGone) stage.end()
          const rest = stage.take()
          if (rest !== null) this.#write(rest)
          break
        }
        stage.push(bytes)
      }
    } catch {
      if (!this.#clientGone && !silent && !isFinished(progress))
        broken = { kind: 'truncated', message: 'The connection to the provider broke.' }
    }
    this.#onSilence = () => {}
    this.#onGone = () => {}
    const complete = progress.done && progress.failure === null && !this.#clientGone && !silent
    if (complete && !ended) this.#leftover = readToEnd(reader, stop)
    else if (!ended) stop()

    // Silence or a break after the finish loses nothing but the usage.
    if (silent && !isFinished(progress))
      broken = { kind: 'timeout', message: 'The provider fell silent in the middle of its answer.' }
    const cancelled = this.#clientGone && progress.failure === null
    const attemptFailure = cancelled ? null : (progress.failure ?? broken)
    const endedAt = gateway.now()
    const usage = progress.usage ?? estimateUsage(this.#input.needs, progress.contentBytes, planned)
    const cost = chargeOf(billLost(costOf(usage, planned), result.lost, usage, this.#input.needs), usage, {
      failed: attemptFailure !== null,
      finished: progress.finish !== null || cancelled,
    })
    const settled = { finish: progress.finish, usage, cost, isByok: false, serviceTier: progress.serviceTier }
    const failure = attemptFailure === null ? null : streamFailure(attemptFailure, planned.endpoint)
    if (!cancelled) {
      await this.#writing
      this.#write(
        failure === null
          ? dialect.closing(envelope, settled)
          : dialect.failing(envelope, failure, progress.usage === null ? null : settled, gateway.settings.origin),
      )
    }
    return {
      planned,
      failure,
      attemptFailure,
      cancelled,
      finish: cancelled ? null : progress.finish,
      usage,
      cost,
      upstreamId: progress.upstreamId,
      serviceTier: progress.serviceTier,
      translation: answered.translation,
      calledAt,
      firstContentAt,
      endedAt,
      latencyMs: record.latencyMs,
      toolCalls: progress.toolCalls,
    }
  }

  /** A bug of ours cut the stream: the client is told, because a clean end would be a lie. */
  #confess(bug: unknown): never {
    const { dialect, fallbackEnvelope, gateway } = this.#input
    const failure: Failure = { type: 'server', message: 'Internal server error.' }
    this.#write(dialect.failing(fallbackEnvelope, failure, null, gateway.settings.origin))
    throw bug
  }

  #tick(): void {
    this.#ticks += 1
    this.#onSilence()
    if (!this.#busy && this.#ticks - this.#lastWriteTick >= quietTicks) this.#write(keepAliveComment)
    if ((this.#ticks * tickMs) % renewEveryMs === 0) this.#input.renew?.()
  }

  /** Starts a write; `#writing` resolves when it is through, also when the client has gone. */
  #write(output: Uint8Array | string): void {
    if (this.#clientGone) return
    this.#busy = true
    this.#lastWriteTick = this.#ticks
    const bytes = typeof output === 'string' ? new TextEncoder().encode(output) : output
    this.#writing = this.#writer.write(bytes).then(
      () => {
        this.#busy = false
      },
      () => {
        this.#clientGone = true
        this.#onGone()
      },
    )
  }
}

/**
 * A connection that was read to its end is used again; one that was cut off costs the next call a handshake. After the
 * last event there is next to nothing to come: an upstream that goes on is not listened to.
 */
async function readToEnd(reader: ByteReader, stop: () => void): Promise<void> {
  const timer = setTimeout(stop, lastBytesMs)
  try {
    let readBytes = 0
    for (let bytes = await reader.read(); bytes !== null; bytes = await reader.read()) {
      readBytes += bytes.length
      if (readBytes > maxLastBytes) return stop()
    }
  } catch {
    // It was stopped, or broke when nothing was missing any more.
  } finally {
    clearTimeout(timer)
  }
}

const nothing: StreamEnd = {
  planned: null,
  failure: null,
  attemptFailure: null,
  cancelled: false,
  finish: null,
  usage: null,
  cost: noCost,
  upstreamId: null,
  serviceTier: null,
  translation: [],
  calledAt: 0,
  firstContentAt: null,
  endedAt: 0,
  latencyMs: 0,
  toolCalls: null,
}
