import type { ModelEntry } from '../catalog/records.ts'

/** `4.5`, `v4`, `k3`, `0731`: what tells the members of a family apart. `4o` and `4.5v` name other families. */
const version = /^[a-z]?\d+(?:\.\d+)*$/
const stages = new Set(['preview', 'beta', 'exp'])

/** Where a family goes on under a name of its own: OpenRouter's `~openai/gpt-latest` is the Sol of its generation. */
const successors: Readonly<Record<string, string>> = { 'openai/gpt': 'openai/gpt-sol' }

/**
 * The newest model that `~author/family-latest` means (`openrouter-routing.md` §3.1.4), or null. A model belongs to a
 * family when its slug is the family's words in their order and else only versions and stages: `gemini-3.8-flash` and
 * `gemini-3-flash-preview` are `gemini-flash`, `gemini-3.5-flash-lite` is not. What is itself called "latest" is an alias
 * of its maker and no member. Newest is by date, and by version where the catalogue has none for one of two.
 *
 * @param prefers models that can be called here: an older one of these goes before a newer one of the others
 */
export function latestOf(
  alias: string,
  models: readonly ModelEntry[],
  prefers: (entry: ModelEntry) => boolean,
): ModelEntry | null {
  const family = /^~([^/]+\/.+)-latest$/.exec(alias)?.[1]
  if (family === undefined) return null
  const families = [family, successors[family]].flatMap((name) => (name === undefined ? [] : [name.split(/[/-]/)]))
  const authors = `${family.slice(0, family.indexOf('/'))}/`
  let latest: ModelEntry | null = null
  for (const entry of models) {
    if (!entry.model.id.startsWith(authors)) continue
    const words = entry.model.id.split(/[/-]/)
    if (!families.some((wanted) => belongs(words, wanted))) continue
    if (latest === null || isNewer(entry, latest, prefers)) latest = entry
  }
  return latest
}

function belongs(words: readonly string[], family: readonly string[]): boolean {
  let matched = 0
  for (const word of words) {
    if (word === family[matched]) matched++
    else if (!version.test(word) && !stages.has(word)) return false
  }
  return matched === family.length
}

function isNewer(a: ModelEntry, b: ModelEntry, prefers: (entry: ModelEntry) => boolean): boolean {
  const preference = Number(prefers(a)) - Number(prefers(b))
  if (preference !== 0) return preference > 0
  const areDated = a.model.created > 0 && b.model.created > 0
  const days = areDated ? a.model.created - b.model.created : 0
  return (days || a.model.id.localeCompare(b.model.id, 'en', { numeric: true })) > 0
}
