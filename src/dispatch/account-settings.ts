import { type Dated, KeptValues } from '../catalog/kept-values.ts'
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
const name = 'routing'

/**
 * One isolate's memory of the settings, stale while revalidate as the catalogue's: what is older than `freshMs` is
 * refreshed behind an answer, and what is known stays while D1 is away.
 */
export class SettingsSnapshot {
  readonly #kept: KeptValues<AccountPreferences | null>
  /** What this isolate wrote last. */
  #written: Dated<AccountPreferences | null> | null = null

  constructor(onFailure: (error: unknown) => void = logFailure) {
    this.#kept = new KeptValues({ freshMs, missingMs: 0, patienceMs: 2_000, maxValues: 1, maxMissing: 1 }, onFailure)
  }

  view(ports: SettingsPorts): AccountSettings {
    const load = async () => {
      const at = ports.now()
      const before = this.#written
      const value = await ports.read()
      // Written while this was read: nobody knows which of the two it saw.
      return this.#written === before ? { value, at } : this.#written
    }
    return {
      routing: () => this.#kept.get(name, { now: ports.now(), load, background: ports.background }),
      readRouting: async () => {
        const read = await load()
        if (read) this.#kept.keep(name, read, ports.now())
        return read?.value ?? null
      },
      replaceRouting: async (preferences) => {
        await ports.write(preferences)
        const at = ports.now()
        this.#written = { value: preferences, at }
        this.#kept.keep(name, this.#written, at)
      },
    }
  }
}

function logFailure(error: unknown): void {
  console.warn(
    JSON.stringify({ event: 'settings-refresh-failed', error: error instanceof Error ? error.name : 'unknown' }),
  )
}
