import { asRecord, type JsonRecord } from '../foreign-json.ts'

/** What Bedrock refuses in a schema that answers are held to; without them the schema allows more than it did. */
const refused: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
])

/** Keys under which names of the client's own stand, not keywords. */
const named: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])

/** Keys whose value is data. */
const values: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required'])

/**
 * A copy of a JSON schema in the subset that Bedrock can hold an answer to: objects are closed, and limits that it
 * refuses are left out (`changed`). Null where the schema means something that the subset cannot say: open objects, or
 * a schema that contains itself.
 */
export function strictSchemaOf(schema: JsonRecord): { schema: JsonRecord; changed: boolean } | null {
  if (refersToItself(schema)) return null
  const state = { changed: false, open: false }
  const copy = copyOf(schema, state)
  return state.open ? null : { schema: copy, changed: state.changed }
}

function copyOf(schema: JsonRecord, state: { changed: boolean; open: boolean }): JsonRecord {
  const copy: JsonRecord = {}
  for (const [key, value] of Object.entries(schema)) {
    if (refused.has(key) || (key === 'minItems' && typeof value === 'number' && value > 1)) state.changed = true
    else if (values.has(key)) copy[key] = value
    else if (named.has(key) && asRecord(value)) {
      const entries = Object.entries(asRecord(value) ?? {})
      copy[key] = Object.fromEntries(entries.map(([name, inner]) => [name, innerCopy(inner, state)]))
    } else copy[key] = innerCopy(value, state)
  }
  if (copy.type === 'object' || copy.properties !== undefined) {
    const open = copy.additionalProperties ?? copy.patternProperties
    if (open !== undefined && open !== false) state.open = true
    copy.additionalProperties = false
  }
  return copy
}

function innerCopy(value: unknown, state: { changed: boolean; open: boolean }): unknown {
  if (Array.isArray(value)) return value.map((item) => innerCopy(item, state))
  const record = asRecord(value)
  return record ? copyOf(record, state) : value
}

/** Whether following references inside the schema ever comes back, or leads outside of it. */
function refersToItself(schema: JsonRecord): boolean {
  const definitions = { ...asRecord(schema.definitions), ...asRecord(schema.$defs) }
  const done = new Set<string>()
  const visit = (value: unknown, path: readonly string[]): boolean => {
    if (Array.isArray(value)) return value.some((item) => visit(item, path))
    const record = asRecord(value)
    if (!record) return false
    if (typeof record.$ref === 'string') {
      const name = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(record.$ref)?.[1]
      if (name === undefined || path.includes(name)) return true
      if (!done.has(name)) {
        if (visit(definitions[name], [...path, name])) return true
        done.add(name)
      }
    }
    return Object.values(record).some((inner) => visit(inner, path))
  }
  const { $defs, definitions: older, ...root } = schema
  return visit(root, [])
}
