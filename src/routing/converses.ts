import type { ModelRecord } from '../catalog/records.ts'

/**
 * Models that do one thing with what is said and answer no question: they rate it, translate it, copy it off a picture, make
 * a song of it, or merge it into a file.
 */
const singleMinded = /guard|safety|moderation|translate|[/-](mt|ocr)(-|$)|ocr-|lyria|^morph\//

/** Whether a model can be given any conversation, so that a router may choose it for someone who named none. */
export function converses({ id, inputModalities, outputModalities }: ModelRecord): boolean {
  return inputModalities.includes('text') && outputModalities.includes('text') && !singleMinded.test(id)
}
