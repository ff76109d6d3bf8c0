import type { DecisionRecord } from '../metering/decision-record.ts'

/** How a decision record calls the endpoint with this id; see `DecisionRecord`. */
export function refOf(id: string, modelIds: readonly string[]): string {
  for (let index = 0; index < modelIds.length; index++) {
    const model = modelIds[index] as string
    const tagLength = id.length - model.length - 1
    if (tagLength <= 0 || id.charCodeAt(tagLength) !== 58 /* : */ || !id.endsWith(model)) continue
    const tag = id.slice(0, tagLength)
    if (tag.startsWith('=')) break
    return index > 0 || tag.includes('@') ? `${tag}@${index}` : tag
  }
  return `=${id}`
}

/** The endpoint's id. */
export function idOfRef(ref: string, modelIds: readonly string[]): string {
  if (ref.startsWith('=')) return ref.slice(1)
  const at = ref.lastIndexOf('@')
  return at < 0 ? `${ref}:${modelIds[0]}` : `${ref.slice(0, at)}:${modelIds[Number(ref.slice(at + 1))]}`
}

/** The models of a record, by their ids in the catalogue. */
export function modelIdsOf({ models }: Pick<DecisionRecord, 'models'>): string[] {
  return models.map(({ asked, id }) => id ?? asked)
}
