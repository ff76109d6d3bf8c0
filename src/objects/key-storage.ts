import type { KeyRecord } from '../dispatch/key-directory.ts'
import type { Reservation } from '../metering/reservations.ts'
import { pathOf } from '../metering/row-text.ts'
import type { Spend } from '../metering/spend.ts'
import { unsettledType } from '../metering/unsettled.ts'
import type { Admissions } from '../routing/window.ts'

/** A key as its object keeps it: the counters live beside it. */
export type KeyState = Omit<KeyRecord, 'usage'>

/** What a key object's memory knows and its disk does not yet. */
export interface Unsaved {
  admissions: Admissions[]
  /** The clock went back: what the window holds, in place of all that was saved of it. */
  window: Admissions[] | null
  reserved: Map<string, Reservation>
  /** The accounts of requests whose reservation expired, as text, by id. */
  expired: Map<string, string>
  /** As text (`rowText`), by id. */
  rows: Map<string, string>
  /** Undefined where nothing changed; null for a deleted key. */
  key: KeyState | null | undefined
  spend: Spend | undefined
}

export function nothingUnsaved(): Unsaved {
  return {
    admissions: [],
    window: null,
    reserved: new Map(),
    expired: new Map(),
    rows: new Map(),
    key: undefined,
    spend: undefined,
  }
}

export interface Loaded {
  /** Undefined: this object has never heard of the key. Null: it was deleted. */
  key: KeyState | null | undefined
  spend: Spend | undefined
  admissions: Admissions[]
  reservations: Reservation[]
}

function isNothing({ admissions, window, reserved, expired, rows, key, spend }: Unsaved): boolean {
  const changes = admissions.length + reserved.size + expired.size + rows.size
  return changes === 0 && window === null && key === undefined && spend === undefined
}

/** How far the outbox has gone: the next sequence number, and the last one that has reached D1, which is what is stored. */
interface Outbox {
  next: number
  flushed: number
}

// `admissions` is append-only, one small row a save: a list of [at, count], and when the newest of it was.
// `reservations` keeps what expired unsettled, so that it is accounted for once, and corrected by a late settlement.
// `outbox` keeps rows for a while after they have reached D1: that is what makes a repeated settlement harmless.
const schema = `
CREATE TABLE IF NOT EXISTS admissions (seq INTEGER PRIMARY KEY, newest INTEGER NOT NULL, entries TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reservations (
  id TEXT PRIMARY KEY, nano_usd INTEGER NOT NULL, expires_at INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, settled_at INTEGER NOT NULL, row TEXT NOT NULL
);`

/** Finding what to prune reads the whole table, a few hundred rows under full load, so not every save does it. */
const savesBetweenPrunes = 32

/** The disk of one key object. Everything is synchronous, so a save is one turn and one transaction. */
export class KeyStorage {
  readonly #storage: DurableObjectStorage
  /** Tables are made by the first save: an object that was only asked about a key that doesn't exist leaves no trace. */
  #made: boolean
  #outbox: Outbox = { next: 1, flushed: 0 }
  #saves = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#made =
      storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM sqlite_master WHERE name = 'outbox'").one().n > 0
  }

  load(): Loaded {
    if (!this.#made) return { key: undefined, spend: undefined, admissions: [], reservations: [] }
    const { sql, kv } = this.#storage
    const flushed = kv.get<{ flushed: number }>('outbox')?.flushed ?? 0
    const { last } = sql.exec<{ last: number | null }>('SELECT max(seq) AS last FROM outbox').one()
    // Only what was flushed is ever forgotten.
    this.#outbox = { flushed, next: Math.max(flushed, last ?? 0) + 1 }
    return {
      key: kv.get<KeyState | null>('key'),
      spend: kv.get<Spend>('spend'),
      admissions: sql
        .exec<{ entries: string }>('SELECT entries FROM admissions ORDER BY seq')
        .toArray()
        .flatMap(({ entries }) => JSON.parse(entries) as Admissions[]),
      reservations: sql
        .exec<{ id: string; nanoUsd: number; expiresAt: number }>(
          'SELECT id, nano_usd AS nanoUsd, expires_at AS expiresAt FROM reservations WHERE expired = 0 ORDER BY expires_at',
        )
        .toArray(),
    }
  }

  /** All of it or nothing. Admissions at or before `windowStart` are thrown away. */
  save(unsaved: Unsaved, now: number, windowStart: number): void {
    if (isNothing(unsaved)) return
    this.#storage.transactionSync(() => {
      const { sql, kv } = this.#storage
      if (!this.#made) sql.exec(schema)
      if (unsaved.key !== undefined) kv.put('key', unsaved.key)
      if (unsaved.spend !== undefined) kv.put('spend', unsaved.spend)
      this.#saveWindow(unsaved, windowStart)
      // A statement for all of a save and not one a row: entering SQLite costs more than what it does there.
      if (unsaved.reserved.size > 0) {
        const held = [...unsaved.reserved.values()].map(({ id, nanoUsd, expiresAt }) => [id, nanoUsd, expiresAt])
        sql.exec(
          `INSERT OR REPLACE INTO reservations (id, nano_usd, expires_at)
           SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
          JSON.stringify(held),
        )
      }
      if (unsaved.expired.size > 0) {
        sql.exec(
          'UPDATE reservations SET expired = 1 WHERE id IN (SELECT value FROM json_each(?))',
          JSON.stringify([...unsaved.expired.keys()]),
        )
        this.#saveRows('IGNORE', unsaved.expired, now)
      }
      if (unsaved.rows.size > 0) {
        sql.exec(
          'DELETE FROM reservations WHERE id IN (SELECT value FROM json_each(?))',
          JSON.stringify([...unsaved.rows.keys()]),
        )
        // What was accounted for as unsettled gives way, also where it was not flushed yet.
        this.#saveRows('REPLACE', unsaved.rows, now)
      }
    })
    this.#made = true
  }

  /** Which of these ids have been settled, as far as the disk remembers. An account as unsettled is no settlement. */
  settled(ids: string[]): Set<string> {
    if (!this.#made) return new Set()
    return new Set(
      this.#storage.sql
        .exec<{ id: string }>(
          `SELECT id FROM outbox WHERE id IN (SELECT value FROM json_each(?1)) AND row ->> '${pathOf('errorType')}' IS NOT ?2`,
          JSON.stringify(ids),
          unsettledType,
        )
        .toArray()
        .map(({ id }) => id),
    )
  }

  /** A row of the outbox as text. */
  row(id: string): string | undefined {
    if (!this.#made) return undefined
    return this.#storage.sql.exec<{ row: string }>('SELECT row FROM outbox WHERE id = ?', id).toArray()[0]?.row
  }

  get hasUnflushed(): boolean {
    return this.#outbox.flushed < this.#outbox.next - 1
  }

  /** The oldest rows that have not reached D1, as text: at most so many rows and (but for the first) so many characters. */
  unflushed(maxRows: number, maxCharacters: number): { rows: string[]; through: number } {
    let through = this.#outbox.flushed
    if (!this.hasUnflushed) return { rows: [], through }
    const rows: string[] = []
    let characters = 0
    for (const { seq, row } of this.#storage.sql.exec<{ seq: number; row: string }>(
      'SELECT seq, row FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?',
      this.#outbox.flushed,
      maxRows,
    )) {
      characters += row.length
      if (rows.length > 0 && characters > maxCharacters) break
      rows.push(row)
      through = seq
    }
    return { rows, through }
  }

  /** The rows through this sequence number are in D1. */
  flushed(through: number): void {
    this.#outbox.flushed = through
    this.#storage.kv.put('outbox', { flushed: through })
  }

  /** Forgets rows that are in D1 and were settled before `before`. Looks at no more than it forgets, and one row. */
  prune(before: number): void {
    if (!this.#made) return
    this.#storage.sql.exec(
      `DELETE FROM outbox WHERE seq <= ?1 AND seq <
         coalesce((SELECT seq FROM outbox WHERE settled_at >= ?2 ORDER BY seq LIMIT 1), ?1 + 1)`,
      this.#outbox.flushed,
      before,
    )
  }

  /** When the oldest row was settled that the outbox holds; null when it is empty. */
  oldestSettledAt(): number | null {
    if (!this.#made) return null
    const oldest = this.#storage.sql.exec<{ at: number }>('SELECT settled_at AS at FROM outbox ORDER BY seq LIMIT 1')
    return oldest.toArray()[0]?.at ?? null
  }

  /** Reservations that expired before anybody settled them. */
  unsettled(): { count: number; nanoUsd: number } {
    if (!this.#made) return { count: 0, nanoUsd: 0 }
    return this.#storage.sql
      .exec<{ count: number; nanoUsd: number }>(
        'SELECT count(*) AS count, total(nano_usd) AS nanoUsd FROM reservations WHERE expired = 1',
      )
      .one()
  }

  #saveRows(known: 'IGNORE' | 'REPLACE', rows: Map<string, string>, now: number): void {
    this.#storage.sql.exec(
      `INSERT OR ${known} INTO outbox (seq, id, settled_at, row)
       SELECT ?1 + key, value ->> 0, ?2, value ->> 1 FROM json_each(?3)`,
      this.#outbox.next,
      now,
      // The row is text inside the text: SQLite hands it through and doesn't take it apart.
      JSON.stringify([...rows]),
    )
    // What was ignored took no number. A number that no row has, at the end, would look like one that waits for ever.
    const { last } = this.#storage.sql.exec<{ last: number | null }>('SELECT max(seq) AS last FROM outbox').one()
    this.#outbox.next = Math.max(this.#outbox.flushed, last ?? 0) + 1
  }

  #saveWindow(unsaved: Unsaved, windowStart: number): void {
    const { sql } = this.#storage
    if (unsaved.window !== null) sql.exec('DELETE FROM admissions')
    else if (this.#saves++ % savesBetweenPrunes === 0) sql.exec('DELETE FROM admissions WHERE newest <= ?', windowStart)
    const entries = unsaved.window ?? unsaved.admissions
    const newest = entries.at(-1)?.[0]
    if (newest === undefined) return
    sql.exec('INSERT INTO admissions (newest, entries) VALUES (?, ?)', newest, JSON.stringify(entries))
  }
}
