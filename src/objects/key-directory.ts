import type { KeyDirectory, KeyRecord } from '../dispatch/key-directory.ts'
import { insertKey, listKeys, readKey, removeKey, updateKey } from '../store/keys.ts'
import type { KeyObject } from './key-object.ts'
import { reached } from './reached.ts'

/** Management waits for D1 and an object, one after the other. */
const directoryMs = 20_000

/** All keys: D1 lists them, and each key's object is told of every change. `objectOf` gives a new stub with each call. */
export function keyDirectory(db: D1Database, objectOf: (hash: string) => DurableObjectStub<KeyObject>): KeyDirectory {
  /** An object that was reset meanwhile is told once more: D1 holds a change already that it must not miss. */
  const tell = async (hash: string, record: KeyRecord | null): Promise<void> => {
    try {
      await objectOf(hash).configure(record)
    } catch {
      await objectOf(hash).configure(record)
    }
  }
  return {
    create: (input) =>
      reached(directoryMs, async () => {
        const record = await insertKey(db, { ...input, createdAt: Date.now() })
        await tell(record.hash, record)
        return record
      }),
    list: (query) => reached(directoryMs, () => listKeys(db, query)),
    get: (hash) =>
      reached(directoryMs, async () => {
        const record = await readKey(db, hash)
        if (record === null) return null
        return (await objectOf(hash).describe())?.key ?? record
      }),
    update: (hash, change) =>
      reached(directoryMs, async () => {
        const record = await updateKey(db, hash, change)
        if (record === null) return null
        await tell(hash, record)
        return (await objectOf(hash).describe())?.key ?? record
      }),
    remove: (hash) =>
      reached(directoryMs, async () => {
        if ((await readKey(db, hash)) === null) return false
        // The object first: from here on the key is refused, whatever becomes of the list.
        await tell(hash, null)
        return removeKey(db, hash)
      }),
  }
}
