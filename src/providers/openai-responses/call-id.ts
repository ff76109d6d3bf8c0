import { textHash } from '../text-hash.ts'

/** Longer ids of calls are an error. */
const maxLength = 64

/** The id of a tool call as the API takes it: an id that is too long keeps its beginning and becomes unique by a hash. */
export function callIdOf(id: string): string {
  return id.length <= maxLength ? id : `${id.slice(0, maxLength - 15)}_${textHash(id).toString(16).padStart(14, '0')}`
}
