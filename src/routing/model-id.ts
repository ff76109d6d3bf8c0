import type { ModelEntry } from '../catalog/records.ts'
import type { Failure } from '../chat/failure.ts'
import { freeVariantEnded, noSuchVariant, unknownModel } from './refusal.ts'

/** Suffixes that name another pool of endpoints. */
export type StaticSuffix = 'free' | 'extended' | 'thinking' | 'batch'
/** Suffixes that change how endpoints are chosen or what the request may use. */
export type DynamicSuffix = 'nitro' | 'floor' | 'exacto' | 'online'

export interface ParsedModelId {
  /** `author/slug` */
  base: string
  statics: StaticSuffix[]
  dynamics: DynamicSuffix[]
  /** Suffixes that mean nothing here. */
  unknown: string[]
}

const statics: readonly string[] = ['free', 'extended', 'thinking', 'batch'] satisfies StaticSuffix[]
const dynamics: readonly string[] = ['nitro', 'floor', 'exacto', 'online'] satisfies DynamicSuffix[]

/** Splits `author/slug:free:nitro` (`openrouter-routing.md` §3.1). Suffixes may come in any order; repeating one changes nothing. */
export function parseModelId(id: string): ParsedModelId {
  const colon = id.indexOf(':')
  const parsed: ParsedModelId = { base: colon < 0 ? id : id.slice(0, colon), statics: [], dynamics: [], unknown: [] }
  if (colon < 0) return parsed
  for (const suffix of new Set(id.slice(colon + 1).split(':'))) {
    if (statics.includes(suffix)) parsed.statics.push(suffix as StaticSuffix)
    else if (dynamics.includes(suffix)) parsed.dynamics.push(suffix as DynamicSuffix)
    else parsed.unknown.push(suffix)
  }
  return parsed
}

/** One model of a request with what its suffixes ask of routing. */
export interface CandidateModel {
  /** As the client wrote it. */
  requestedId: string
  entry: ModelEntry
  /** Only endpoints that cost nothing: `:free` of a model that has no separate free entry. */
  freeOnly?: boolean
  /** Left out where there are none. */
  dynamics?: readonly DynamicSuffix[]
}

export type Lookup = (id: string) => ModelEntry | null | Promise<ModelEntry | null>
export type Resolution = CandidateModel | { failure: Failure }

/**
 * Finds the model that an id means. The id as it is wins over its parts, so a catalogue may hold ids with a colon.
 * Answers without a promise where the lookup does. A failure is `model_not_found` or `free_variant_ended`.
 */
export function resolveModel(requestedId: string, lookup: Lookup): Resolution | Promise<Resolution> {
  if (!requestedId.includes(':')) {
    return after(lookup(requestedId), (entry) =>
      entry ? { requestedId, entry } : { failure: unknownModel(requestedId) },
    )
  }
  const parsed = parseModelId(requestedId)
  const { base, statics } = parsed
  // No catalogue has an id that ends in a dynamic suffix: it isn't asked for one, because not having it is not kept long.
  return after(parsed.dynamics.length > 0 ? null : lookup(requestedId), (whole) => {
    if (whole) return { requestedId, entry: whole }
    if (parsed.unknown.length > 0) return { failure: unknownModel(requestedId) }
    const dynamics = parsed.dynamics.length > 0 ? { dynamics: parsed.dynamics } : {}
    const pool = [base, ...statics].join(':')
    return after(pool === requestedId ? null : lookup(pool), (entry) => {
      if (entry) return { requestedId, entry, ...dynamics }
      if (statics.length === 0) return { failure: unknownModel(requestedId) }
      return after(lookup(base), (paid) => {
        if (!paid) return { failure: unknownModel(requestedId) }
        const absent = statics.find((suffix) => suffix !== 'free')
        if (absent) return { failure: noSuchVariant(requestedId, absent, paid.model.id) }
        if (!paid.endpoints.some(isFree)) return { failure: freeVariantEnded(requestedId, paid.model.id) }
        return { requestedId, entry: paid, freeOnly: true, ...dynamics }
      })
    })
  })
}

/** Whether an endpoint belongs to a model's `:free` pool. */
export function isFree({ free, price }: ModelEntry['endpoints'][number]): boolean {
  return free || (Number(price.prompt) === 0 && Number(price.completion) === 0 && Number(price.request ?? 0) === 0)
}

/** Not `await`: a warm catalogue answers at once, and then so does this. */
export function after<In, Out>(value: In | Promise<In>, next: (value: In) => Out | Promise<Out>): Out | Promise<Out> {
  return value instanceof Promise ? value.then(next) : next(value)
}
