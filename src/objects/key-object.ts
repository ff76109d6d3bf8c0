import { DurableObject } from 'cloudflare:workers'
import type { KeyRecord, KeyUsage } from '../dispatch/key-directory.ts'
import type { Admission, AdmissionAsk, KeyPolicy, Refusal } from '../dispatch/keys.ts'
import type { GenerationRow } from '../metering/generation.ts'
import { Reservations } from '../metering/reservations.ts'
import { rowOf, rowText } from '../metering/row-text.ts'
import { addCharge, affordableNanoUsd, noSpend, type Spend, safeNanoUsd, spendAt } from '../metering/spend.ts'
import { unsettledRow } from '../metering/unsettled.ts'
import { Conversations } from '../routing/conversations.ts'
import { type RateLimit, SlidingWindow } from '../routing/window.ts'
import { admissionResponse, readAdmissionCall } from './admission-call.ts'
import { type KeyDatabase, keyDatabase } from './key-database.ts'
import { policyOf } from './key-policy.ts'
import { type KeyState, KeyStorage, nothingUnsaved } from './key-storage.ts'
import { OutboxDelivery } from './outbox-delivery.ts'
import type { SettledRow } from './settled-row.ts'
import { within } from './within.ts'

/** A settlement repeated within this time is recognised here, a later one by D1. Callers nearly always give up after 30 s. */
const keepSettledMs = 120_000
/** What is kept no longer gathers for so long: rows that came one by one must not be forgotten by an alarm each. */
const forgetEveryMs = 60_000
/** A key that D1 does not know is not asked for again for so long. */
const missTtlMs = 1_000

/** A key with its counters of this moment, for people to look at. */
export interface KeyDescription {
  key: KeyRecord
  /** Null = unlimited. `resetAt` is when there is room again, null while there is. */
  window: (RateLimit & { remaining: number; resetAt: number | null }) | null
  reservedNanoUsd: number
  /** Requests whose outcome nobody reported within the time of a reservation. */
  unsettled: { count: number; nanoUsd: number }
}

/**
 * One key: whether it is valid, its window, its spend, and the outbox of its requests' metadata. Reached by
 * `idFromName(hash)`.
 *
 * Memory decides and is saved behind the answer: `admit` writes nothing before it answers, and all changes of a moment
 * share one transaction. What must not be lost (`settle`, `configure`) answers once it is on disk. A save that fails
 * resets the object, so memory is never ahead of a disk that refuses it.
 */
export class KeyObject extends DurableObject<Env> {
  clock = () => Date.now()
  random = () => Math.random()
  later = (task: () => void, ms: number): void => {
    setTimeout(task, ms)
  }
  /**
   * How long changes gather in memory before one transaction saves them. A save costs as much as answering several
   * requests; what a crash loses by it is the admissions and reservations of that time.
   */
  saveAfterMs = 100
  /** How long D1 may take to tell of a key: a question that is never answered would hold up all that come later. */
  findWithinMs = 4_000
  d1: KeyDatabase = keyDatabase(this.env.DB, () => this.clock())

  readonly #disk: KeyStorage
  readonly #delivery: OutboxDelivery
  readonly #window: SlidingWindow
  readonly #reservations: Reservations
  /** In memory only, and gone with it: conversations are told apart by what was said. */
  readonly #conversations = new Conversations()
  /** Undefined: not known here, D1 is to be asked. Null: deleted. */
  #key: KeyState | null | undefined
  #policy: KeyPolicy | undefined
  #policyTag = ''
  #spend: Spend | undefined
  #unsaved = nothingUnsaved()
  #rewound = false
  #saving: Promise<void> | undefined
  #finding: Promise<void> | undefined
  #missedAt = Number.NEGATIVE_INFINITY
  #alarmAt = Number.POSITIVE_INFINITY
  #tending: Promise<void> | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#disk = new KeyStorage(ctx.storage)
    this.#delivery = new OutboxDelivery(this.#disk, {
      now: () => this.clock(),
      random: () => this.random(),
      later: (task, ms) => this.later(task, ms),
      record: (rows) => this.d1.record(rows, this.#hash(), this.#usage()),
      due: () => this.ctx.waitUntil(this.#tend()),
    })
    const loaded = this.#disk.load()
    this.#spend = loaded.spend
    this.#window = new SlidingWindow(loaded.admissions)
    this.#reservations = new Reservations(loaded.reservations)
    this.#hold(loaded.key)
    // Whatever woke it, what the one before it left is sent on.
    this.#delivery.schedule()
  }

  /** See `Keys.admit`. A request asked for twice by the same generation id is admitted once and fills the window once. */
  async admit(ask: AdmissionAsk): Promise<Admission> {
    if (this.#key === undefined) await this.#find()
    const key = this.#key
    const now = this.clock()
    const checked = this.#check(now)
    if (!checked.admitted || !key) return checked
    if (key.kind !== 'inference') return { admitted: false, reason: 'wrong-kind' }
    if (this.#reservations.has(ask.generationId)) return checked

    const limit = checked.policy.rateLimit
    if (limit !== null) {
      const resetAt = this.#fullUntil(limit, now)
      if (resetAt !== null) {
        const { requests, windowMs } = limit
        return {
          admitted: false,
          reason: 'rate-limited',
          limit: requests,
          windowMs,
          resetAt,
          retryAfterMs: resetAt - now,
        }
      }
    }
    const reserveNanoUsd = safeNanoUsd(ask.reserveNanoUsd, Number.MAX_SAFE_INTEGER)
    const refusal = this.#overspent(key, reserveNanoUsd, now)
    if (refusal !== null) return refusal

    if (limit !== null) this.#admitNow(limit, now)
    const { generationId } = ask
    this.#unsaved.reserved.set(generationId, this.#reservations.hold(generationId, reserveNanoUsd, now))
    this.#saveSoon()
    const remembered = ask.conversation === undefined ? undefined : this.#conversations.recall(ask.conversation, now)
    return remembered === undefined ? checked : { ...checked, remembered }
  }

  /** `admit`, as isolates call it. */
  override async fetch(request: Request): Promise<Response> {
    const { ask, knownTag } = readAdmissionCall(request.url)
    const admission = await this.admit(ask)
    // Management may have changed the policy while D1 was asked: then the admission's policy is not the tagged one.
    const tagged = admission.admitted && admission.policy === this.#policy
    return admissionResponse(admission, tagged ? this.#policyTag : null, knownTag)
  }

  /** See `Keys.check`. */
  async check(): Promise<Admission> {
    if (this.#key === undefined) await this.#find()
    return this.#check(this.clock())
  }

  /**
   * Takes outcomes of requests, each once by id, however often they are sent. Answers when they are on disk, where the
   * notes on conversations never go.
   */
  async settle(rows: SettledRow[]): Promise<void> {
    // An object that lost its storage must not count from zero, and D1 go by that: it learns first what was spent before.
    if (this.#key === undefined) await this.#find()
    const now = this.clock()
    const forgotten = rows.some((row) => this.#mayBeForgotten(row, now)) ? await this.#forgotten(rows, now) : null
    // A reservation doesn't tell that a row is new: an admission that was held up may come after its settlement.
    const settled = this.#disk.settled(rows.map(({ id }) => id))
    let unsaved = false
    for (const row of rows) {
      if (row.note !== undefined) this.#conversations.remember(row.note, now)
      if (settled.has(row.id) || forgotten?.has(row.id)) continue
      unsaved = true
      if (this.#unsaved.rows.has(row.id)) continue
      this.#spend = this.#unsaved.spend = addCharge(this.#spend ?? noSpend(now), row, now)
      this.#reservations.release(row.id)
      this.#unsaved.reserved.delete(row.id)
      this.#unsaved.expired.delete(row.id)
      this.#unsaved.rows.set(row.id, row.text)
    }
    if (unsaved) await this.#saveSoon()
  }

  /** See `Keys.renew`. */
  async renew(generationId: string): Promise<void> {
    const renewed = this.#reservations.renew(generationId, this.clock())
    if (renewed === null) return
    this.#unsaved.reserved.set(generationId, renewed)
    await this.#saveSoon()
  }

  /** A row of this account: of this key before it has reached D1 too, of any key afterwards. */
  async generation(id: string): Promise<GenerationRow | null> {
    const { rows, expired } = this.#unsaved
    const text = rows.get(id) ?? expired.get(id) ?? this.#disk.row(id)
    return text === undefined ? this.d1.readGeneration(id) : rowOf(text)
  }

  /**
   * Management tells of a key that was created or changed, or with null that it was deleted. Holds from this call on,
   * durable when it answers. The counters stay this object's own. Tellings may overtake each other: what is older than
   * what is known is not adopted, and a deleted key never comes back.
   */
  async configure(record: KeyRecord | null): Promise<void> {
    if (record === null || !this.#knowsBetter(record)) this.#adopt(record)
    this.#save()
  }

  /** The key with live counters; null when there is no such key. */
  async describe(): Promise<KeyDescription | null> {
    if (this.#key === undefined) await this.#find()
    const key = this.#key
    if (!key || this.#policy === undefined) return null
    const now = this.clock()
    const limit = this.#policy.rateLimit
    return {
      key: { ...key, usage: this.#usage() },
      window: limit && {
        ...limit,
        resetAt: this.#fullUntil(limit, now),
        remaining: this.#window.room(limit, now),
      },
      reservedNanoUsd: this.#reservations.totalNanoUsd(),
      unsettled: this.#disk.unsettled(),
    }
  }

  /** Looks after the outbox and the reservations, where the object has not done so by itself. */
  override async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY
    await this.#tend()
  }

  #tend(): Promise<void> {
    this.#tending ??= this.#tendNow().finally(() => {
      this.#tending = undefined
    })
    return this.#tending
  }

  async #tendNow(): Promise<void> {
    await this.#delivery.flush()
    const now = this.clock()
    this.#disk.prune(now - keepSettledMs)
    this.#expire(now)
    this.#save()
  }

  /** Whether a row may have been settled so long ago that only D1 still knows. Its reservation is gone then. */
  #mayBeForgotten({ id, endedAt }: SettledRow, now: number): boolean {
    return !this.#reservations.has(id) && Math.abs(now - endedAt) > keepSettledMs / 2
  }

  async #forgotten(rows: SettledRow[], now: number): Promise<Set<string>> {
    const doubtful = rows.filter((row) => this.#mayBeForgotten(row, now)).map(({ id }) => id)
    return within(this.findWithinMs, this.d1.settledAmong(doubtful))
  }

  #check(now: number): Admission {
    const key = this.#key
    if (!key || this.#policy === undefined) return { admitted: false, reason: 'unknown' }
    if (key.disabled) return { admitted: false, reason: 'disabled' }
    if (key.expiresAt !== null && now >= key.expiresAt) return { admitted: false, reason: 'expired' }
    return { admitted: true, policy: this.#policy }
  }

  #fullUntil(limit: RateLimit, now: number): number | null {
    if (this.#window.observe(now)) this.#rewound = true
    return this.#window.fullUntil(limit, now)
  }

  #admitNow(limit: RateLimit, now: number): void {
    this.#window.add(limit, now)
    const last = this.#unsaved.admissions.at(-1)
    if (last?.[0] === now) last[1] += 1
    else this.#unsaved.admissions.push([now, 1])
  }

  #overspent(key: KeyState, reserveNanoUsd: number, now: number): Refusal | null {
    this.#expire(now)
    if (key.limitNanoUsd === null) return null
    this.#spend = spendAt(this.#spend ?? noSpend(now), now)
    const affordable = affordableNanoUsd(key, this.#spend.usage, this.#reservations.totalNanoUsd())
    if (affordable === null || reserveNanoUsd <= affordable) return null
    return {
      admitted: false,
      reason: 'limit-exceeded',
      limitNanoUsd: key.limitNanoUsd,
      affordableNanoUsd: affordable,
    }
  }

  #expire(now: number): void {
    const expired = this.#reservations.expire(now)
    if (expired.length === 0) return
    for (const reservation of expired)
      this.#unsaved.expired.set(reservation.id, rowText(unsettledRow(reservation, this.#hash(), this.env.REGION)))
    this.#saveSoon()
  }

  /** Asks D1 for a key that this object has never heard of; one question for all who wait. */
  async #find(): Promise<void> {
    const sinceMissMs = this.clock() - this.#missedAt
    if (sinceMissMs >= 0 && sinceMissMs < missTtlMs) return
    this.#finding ??= this.#readKey().finally(() => {
      this.#finding = undefined
    })
    await this.#finding
  }

  async #readKey(): Promise<void> {
    const record = await within(this.findWithinMs, this.d1.readKey(this.#hash()))
    // Management may have told of the key meanwhile, and knows better than what was read before.
    if (this.#key !== undefined) return
    if (record === null) {
      this.#missedAt = this.clock()
    } else {
      this.#adopt(record)
      this.#saveSoon()
    }
  }

  #knowsBetter({ updatedAt, createdAt }: KeyRecord): boolean {
    if (this.#key === undefined) return false
    return this.#key === null || (this.#key.updatedAt ?? this.#key.createdAt) > (updatedAt ?? createdAt)
  }

  #adopt(record: KeyRecord | null): void {
    if (record === null) {
      this.#unsaved.key = null
      this.#hold(null)
      return
    }
    const { usage, ...key } = record
    this.#unsaved.key = key
    this.#hold(key)
    if (this.#spend !== undefined) return
    // A new object, or one that lost its storage: it goes on from the counters that D1 mirrors.
    this.#spend = this.#unsaved.spend = { at: this.clock(), usage }
  }

  #hold(key: KeyState | null | undefined): void {
    this.#key = key
    this.#policy = key ? policyOf(key) : undefined
    this.#policyTag = crypto.randomUUID()
  }

  /** Resolves when everything that is in memory now is on disk. */
  #saveSoon(): Promise<void> {
    this.#saving ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#saving = undefined
        this.#save()
        resolve()
      }, this.saveAfterMs)
    })
    return this.#saving
  }

  #save(): void {
    const unsaved = { ...this.#unsaved, window: this.#rewound ? this.#window.admissions() : null }
    this.#unsaved = nothingUnsaved()
    this.#rewound = false
    const now = this.clock()
    try {
      this.#disk.save(unsaved, now, now - (this.#policy?.rateLimit?.windowMs ?? 0))
    } catch (error) {
      this.ctx.abort(`could not save: ${String(error)}`)
      throw error
    }
    this.#schedule()
  }

  #schedule(): void {
    const nextExpiry = this.#reservations.nextExpiry() ?? Number.POSITIVE_INFINITY
    const wakeAt = Math.min(nextExpiry, this.#delivery.schedule() ?? this.#forgetsAt())
    if (wakeAt >= this.#alarmAt) return
    this.#alarmAt = wakeAt
    this.ctx.waitUntil(this.ctx.storage.setAlarm(wakeAt))
  }

  /** When the outbox, all of which is in D1, has something to forget. */
  #forgetsAt(): number {
    const settledAt = this.#disk.oldestSettledAt()
    return settledAt === null ? Number.POSITIVE_INFINITY : settledAt + keepSettledMs + forgetEveryMs
  }

  /** The counters as they stand now. */
  #usage(): KeyUsage {
    const now = this.clock()
    return spendAt(this.#spend ?? noSpend(now), now).usage
  }

  #hash(): string {
    const { name } = this.ctx.id
    if (name === undefined) throw new Error('a key object is reached by the name of its key')
    return name
  }
}
