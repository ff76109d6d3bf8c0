import { type DynamicSuffix, parseModelId } from './model-id.ts'

/** A model id that names no model but a way to choose one (`openrouter-routing.md` §3.11). */
export interface RouterId {
  /** Without suffixes. */
  id: string
  kind: 'auto' | 'free'
  /** The plugin that holds this router's settings; a router without any has null. */
  plugin: string | null
  dynamics: readonly DynamicSuffix[]
}

const kinds = new Map<string, Pick<RouterId, 'kind' | 'plugin'>>([
  ['auto', { kind: 'auto', plugin: 'auto-router' }],
  ['auto-beta', { kind: 'auto', plugin: 'auto-beta-router' }],
  ['free', { kind: 'free', plugin: null }],
])

export const routerIds: readonly string[] = [...kinds.keys()].map((name) => `openrouter/${name}`)

/** The router that an id names, under OpenRouter's prefix or the gateway's own; null for every other id. */
export function routerOf(requestedId: string): RouterId | null {
  if (!requestedId.startsWith('openrouter/') && !requestedId.startsWith('causeway/')) return null
  const { base: id, statics, dynamics, unknown } = parseModelId(requestedId)
  const known = kinds.get(id.slice(id.indexOf('/') + 1))
  return known && statics.length === 0 && unknown.length === 0 ? { ...known, id, dynamics } : null
}

/** `~author/family-latest` */
export function isAlias(requestedId: string): boolean {
  return requestedId.startsWith('~')
}

/** The router or alias by which a model was chosen, for its record; null where the client named the model itself. */
export function routedBy(requestedId: string): string | null {
  return isAlias(requestedId) ? parseModelId(requestedId).base : (routerOf(requestedId)?.id ?? null)
}
