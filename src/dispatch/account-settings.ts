import { type Dated, type KeptAccess, KeptValues } from '../catalog/kept-values.ts'
import type { AccountPreferences } from '../routing/merge-preferences.ts'

/** What the account has set for all of its requests, as one request sees it. */
export interface AccountSettings {
  /**
   * Defaults of `provider`, null where none were set. From isolate memory, without a promise, whenever they are there;
   * rejects where they are not and cannot be read: a request must not go out unrestricted because nobody could look.
   */
  routing(): AccountPreferences | null | Promise<AccountPreferences | null>
  /** What D1 has now, for management. */
  readRouting(): Promise<AccountPreferences | null>
  /** Replaces them. This isolate knows at once. */
  replaceRouting(preferences: AccountPreferences): Promise<void>
}

/** What one request lends to the settings. */
export interface SettingsPorts {
  read(): Promise<AccountPreferences | null>
  write(preferences: AccountPreferences): Promise<void>
  /** Epoch milliseconds. */
  now(): number
  /** This request's `waitUntil`. */
  background(promise: Promise<unknown>): void
}

const freshMs = 10_000
/** Where tokens may go is not decided by what was true a minute ago. */
const maxAgeMs = 60_000
const name = 'routing'

/**
 * One isolate's memory of the settings, stale while revalidate as the catalogue's: what is older than `freshMs` is
 * refreshed behind an answer, what is older than `maxAgeMs` before it, and what is known stays while D1 is away.
 */
export class SettingsSnapshot {
  readonly #kept: KeptValues<AccountPreferences | null>
  /** What this isolate wrote last. */
  #written: Dated<AccountPreferences | null> | null = null

  constructor(onFailure: (error: unknown) => void = logFailure) {
    this.#kept = new KeptValues(
      { freshMs, maxAgeMs, missingMs: 0, patienceMs: 2_000, maxValues: 1, maxMissing: 1 },
      onFailure,
    )
  }

  view(ports: SettingsPorts): AccountSettings {
    return new SettingsView(this, ports)
  }

  /** What is kept, by a request's means. */
  get(ports: SettingsPorts): AccountPreferences | null | Promise<AccountPreferences | null> {
    return this.#kept.get(name, new Reading(this, ports))
  }

  /** What D1 has, or what was written while it was asked: nobody knows which of the two it saw. */
  async read(ports: SettingsPorts): Promise<Dated<AccountPreferences | null> | null> {
    const at = ports.now()
    const before = this.#written
    const value = await ports.read()
    return this.#written === before ? { value, at } : this.#written
  }

  keep(read: Dated<AccountPreferences | null>, now: number): void {
    this.#kept.keep(name, read, now)
  }

  written(preferences: AccountPreferences, at: number): void {
    this.#written = { value: preferences, at }
    this.#kept.keep(name, this.#written, at)
  }
}

/** A class, as every request makes one. */
class SettingsView implements AccountSettings {
  readonly #snapshot: SettingsSnapshot
  readonly #ports: SettingsPorts

  constructor(snapshot: SettingsSnapshot, ports: SettingsPorts) {
    this.#snapshot = snapshot
    this.#ports = ports
  }

  routing(): AccountPreferences | null | Promise<AccountPreferences | null> {
    return this.#snapshot.get(this.#ports)
  }

  async readRouting(): Promise<AccountPreferences | null> {
    const read = await this.#snapshot.read(this.#ports)
    if (read) this.#snapshot.keep(read, this.#ports.now())
    return read?.value ?? null
  }

  async replaceRouting(preferences: AccountPreferences): Promise<void> {
    await this.#ports.write(preferences)
    this.#snapshot.written(preferences, this.#ports.now())
  }
}

class Reading implements KeptAccess<AccountPreferences | null> {
  readonly now: number
  readonly #snapshot: SettingsSnapshot
  readonly #ports: SettingsPorts

  constructor(snapshot: SettingsSnapshot, ports: SettingsPorts) {
    this.now = ports.now()
    this.#snapshot = snapshot
    this.#ports = ports
  }

  load(): Promise<Dated<AccountPreferences | null> | null> {
    return this.#snapshot.read(this.#ports)
  }

  background(promise: Promise<unknown>): void {
    this.#ports.background(promise)
  }
}

function logFailure(error: unknown): void {
  console.warn(
    JSON.stringify({ event: 'settings-refresh-failed', error: error instanceof Error ? error.name : 'unknown' }),
  )
}
