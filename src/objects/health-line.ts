import type { HealthMessage, HealthReport, HealthSnapshot } from '../routing/health.ts'

/** A health object, as an isolate reaches it: the stub of `HealthObject`. */
export interface HealthPort {
  report(message: HealthMessage): Promise<HealthSnapshot>
  claimProbe(endpoint: string): Promise<boolean>
}

/** What belongs to one request: stubs, timers and promises of a request die with it. */
export interface RequestPorts {
  object(provider: string): HealthPort
  /** Keeps the request's context alive behind its answer. */
  background(promise: Promise<unknown>): void
}

export interface IsolatePorts {
  /** A random name. */
  name(): string
  /** Epoch milliseconds. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  sleep(ms: number): Promise<void>
}

/** A message that is due. */
interface Flush {
  at: number
  urgent: boolean
}

const messageEveryMs = 1_000
/** Questions without news wait for this. */
const refreshAfterMs = 50
/** Bad news goes out at once, but a storm of it in messages this far apart. */
const urgentEveryMs = 100
/** A full queue does not wait, and a message carries no more than this. */
const messageReports = 1_000
/** While the object cannot be reached the oldest reports are given up. */
const maxQueue = 5_000
/** A message without an answer after this is lost: the request that sent it may have been killed. */
const answerWithinMs = 5_000
const maxBackoffMs = 30_000

/**
 * The line from one isolate to one health object: gathers reports, sends them behind answers in at most one message a
 * second, and takes the snapshot that comes back. Nothing here ever throws or rejects: while the object is away,
 * reports wait and the isolate goes by what it knows.
 *
 * State is plain data, no promise or timer is shared between requests. A request whose context is killed takes its timer
 * and its message along; both are recognised by their age and replaced.
 */
export class HealthLine {
  readonly #name: string
  readonly #provider: string
  readonly #ports: IsolatePorts
  readonly #knownRevision: () => number
  readonly #absorb: (snapshot: HealthSnapshot, knownRevision: number, sentAt: number) => void
  #queue: HealthReport[] = []
  #firstSequence = 0
  #flush: Flush | null = null
  #sending: { since: number } | null = null
  /** Urgent reports came while a message was on its way. */
  #again = false
  #sentAt = 0
  #urgentSentAt = 0
  #quietUntil = 0
  #failures = 0

  constructor(
    provider: string,
    ports: IsolatePorts,
    knownRevision: () => number,
    absorb: (snapshot: HealthSnapshot, knownRevision: number, sentAt: number) => void,
  ) {
    this.#name = ports.name()
    this.#provider = provider
    this.#ports = ports
    this.#knownRevision = knownRevision
    this.#absorb = absorb
  }

  /** Queues a report; `urgent` ones go out at once. */
  tell(report: HealthReport, urgent: boolean, request: RequestPorts): void {
    this.#queue.push(report)
    if (this.#queue.length > maxQueue) this.#drop(messageReports)
    this.#schedule(urgent || this.#queue.length >= messageReports, request)
  }

  /**
   * Asks for a snapshot, unless a message is on its way or the object is being left alone. A little later, because nobody
   * waits for it: the first request of an isolate asks many objects, which would start before its own key's does.
   */
  refresh(request: RequestPorts): void {
    const now = this.#ports.now()
    if (now >= this.#quietUntil && now >= this.#sentAt + urgentEveryMs && !this.#isSending(now))
      this.#flushLater({ at: now + refreshAfterMs, urgent: false }, now, request)
  }

  /** The clock went back: nothing waits for the time it showed before. */
  rewind(): void {
    this.#flush = null
    this.#sending = null
    this.#sentAt = 0
    this.#urgentSentAt = 0
    this.#quietUntil = 0
  }

  #schedule(urgent: boolean, request: RequestPorts): void {
    const now = this.#ports.now()
    // While the object is away the next report after the pause is soon enough; no request is kept alive for it.
    if (this.#quietUntil > now + messageEveryMs) return
    const wanted = urgent
      ? Math.max(now, this.#urgentSentAt + urgentEveryMs)
      : Math.max(now + messageEveryMs * (0.5 + 0.5 * this.#ports.random()), this.#sentAt + messageEveryMs)
    const at = Math.max(wanted, this.#quietUntil)
    this.#flushLater({ at, urgent }, now, request)
  }

  /** Unless a message is due by then anyway. */
  #flushLater(flush: Flush, now: number, request: RequestPorts): void {
    const pending = this.#flush
    if (pending !== null && pending.at <= flush.at && now < pending.at + 2 * messageEveryMs) return
    this.#flush = flush
    request.background(this.#flushAt(flush, request))
  }

  async #flushAt(flush: Flush, request: RequestPorts): Promise<void> {
    const waitMs = flush.at - this.#ports.now()
    if (waitMs > 0) await this.#ports.sleep(waitMs)
    if (this.#flush !== flush) return
    this.#flush = null
    const now = this.#ports.now()
    if (this.#isSending(now)) {
      this.#again ||= flush.urgent
      return
    }
    if (flush.urgent) this.#urgentSentAt = now
    await this.#send(request)
  }

  #isSending(now: number): boolean {
    return this.#sending !== null && now < this.#sending.since + answerWithinMs
  }

  async #send(request: RequestPorts): Promise<void> {
    const sentAt = this.#ports.now()
    const sending = { since: sentAt }
    this.#sending = sending
    this.#sentAt = sentAt
    this.#flush = null
    this.#again = false
    const reports = this.#queue.slice(0, messageReports)
    const next = this.#firstSequence + reports.length
    const knownRevision = this.#knownRevision()
    try {
      const object = request.object(this.#provider)
      const snapshot = await object.report({
        isolate: this.#name,
        firstSequence: this.#firstSequence,
        sentAt,
        reports,
        knownRevision,
      })
      this.#drop(next - this.#firstSequence)
      this.#failures = 0
      this.#absorb(snapshot, knownRevision, sentAt)
    } catch {
      // Overloaded or away. Isolates that failed together come back at different times.
      const backoffMs = Math.min(messageEveryMs * 2 ** this.#failures++, maxBackoffMs)
      this.#quietUntil = this.#ports.now() + backoffMs * (0.5 + 0.5 * this.#ports.random())
    }
    if (this.#sending === sending) this.#sending = null
    if (this.#queue.length > 0) this.#schedule(this.#again || this.#queue.length >= messageReports, request)
  }

  /** Forgets the oldest reports; they keep their numbers, so an answer to an older message drops nothing twice. */
  #drop(count: number): void {
    if (count <= 0) return
    this.#queue.splice(0, count)
    this.#firstSequence += count
  }
}
