import type { KeyRecord, KeyUsage } from '../dispatch/key-directory.ts'
import type { GenerationRow } from '../metering/generation.ts'
import { insertGenerationsStatement, readGeneration, settledAmong } from '../store/generations.ts'
import { mirrorUsageStatement, readKey } from '../store/keys.ts'

/** D1, as a key object needs it. */
export interface KeyDatabase {
  readKey(hash: string): Promise<KeyRecord | null>
  /** Stores rows, at least one and as JSON texts, and mirrors the key's counters: both or neither. */
  record(rows: readonly string[], hash: string, usage: KeyUsage): Promise<void>
  readGeneration(id: string): Promise<GenerationRow | null>
  /** Those of the ids whose settlement is stored. An account as unsettled is none. */
  settledAmong(ids: readonly string[]): Promise<Set<string>>
}

/** @param now epoch milliseconds */
export function keyDatabase(db: D1Database, now: () => number): KeyDatabase {
  return {
    readKey: (hash) => readKey(db, hash, now()),
    record: async (rows, hash, usage) => {
      // One call and not two: for a key with a few requests a second the calls are most of what a flush costs.
      await db.batch([insertGenerationsStatement(db, rows), mirrorUsageStatement(db, hash, usage, now())])
    },
    readGeneration: (id) => readGeneration(db, id),
    settledAmong: (ids) => settledAmong(db, ids),
  }
}
