import { asList, asRecord, type JsonRecord } from '../foreign-json.ts'

/** Keywords that a schema for answers may hold; the others are told to the model in words. */
const kept: ReadonlySet<string> = new Set([
  '$ref',
  '$id',
  'type',
  'enum',
  'const',
  'default',
  'title',
  'description',
  'required',
])
/** Keywords with schemas inside, each as one, a list of them, or a set of them by names of the client's own. */
const nested: Readonly<Record<string, 'one' | 'list' | 'named'>> = {
  items: 'one',
  anyOf: 'list',
  oneOf: 'list',
  allOf: 'list',
  properties: 'named',
  $defs: 'named',
  definitions: 'named',
}
const formats: ReadonlySet<string> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
])
/** Dialects and the like constrain nothing. */
const silent: ReadonlySet<string> = new Set(['$schema', '$comment', 'examples', 'deprecated', 'readOnly', 'writeOnly'])

/** Each property that may be left out doubles the grammar; the API gives up on a dozen of them. */
const maxOptional = 10

/**
 * A copy of a JSON schema in the subset that answers can be held to: objects are closed, and limits that the API
 * refuses become words in the description (`changed`). Null where the schema means something that the subset cannot
 * say: open objects, references to itself or to elsewhere, many properties that may be left out.
 */
export function strictSchemaOf(schema: JsonRecord): { schema: JsonRecord; changed: boolean } | null {
  if (refersToItself(schema)) return null
  const state = { changed: false, open: false, optional: 0 }
  const copy = copyOf(schema, state)
  return state.open || state.optional > maxOptional ? null : { schema: copy, changed: state.changed }
}

interface CopyState {
  changed: boolean
  open: boolean
  optional: number
}

function copyOf(schema: JsonRecord, state: CopyState): JsonRecord {
  const copy: JsonRecord = {}
  const words: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    const inner = Object.hasOwn(nested, key) ? nested[key] : undefined
    if (inner === 'named') copy[key] = mapped(asRecord(value) ?? {}, (one) => schemaCopy(one, state))
    else if (inner === 'list')
      copy[key === 'oneOf' ? 'anyOf' : key] = asList(value).map((one) => schemaCopy(one, state))
    else if (inner === 'one' && !Array.isArray(value)) copy[key] = schemaCopy(value, state)
    else if (kept.has(key) || (key === 'format' && formats.has(String(value))) || isSmallMinimum(key, value))
      copy[key] = value
    else if (key === 'additionalProperties') state.open ||= value !== false
    else if (key === 'patternProperties') state.open ||= Object.keys(asRecord(value) ?? {}).length > 0
    else if (!silent.has(key)) words.push(`${key}: ${JSON.stringify(value)}`)
  }
  const isObject = schema.type === 'object' || asList(schema.type).includes('object') || schema.properties !== undefined
  if (isObject) closeObject(copy, schema, state)
  if (words.length > 0) {
    state.changed = true
    const description = typeof copy.description === 'string' && copy.description !== '' ? `${copy.description}\n\n` : ''
    copy.description = `${description}{${words.join(', ')}}`
  }
  return copy
}

function closeObject(copy: JsonRecord, schema: JsonRecord, state: CopyState): void {
  const properties = Object.keys(asRecord(schema.properties) ?? {})
  const required = asList(schema.required)
  // An object of which nothing is said may hold anything.
  if (schema.properties === undefined && schema.additionalProperties !== false) state.open = true
  state.optional += properties.filter((name) => !required.includes(name)).length
  copy.additionalProperties = false
}

function schemaCopy(value: unknown, state: CopyState): unknown {
  const record = asRecord(value)
  return record ? copyOf(record, state) : value
}

function isSmallMinimum(key: string, value: unknown): boolean {
  return key === 'minItems' && (value === 0 || value === 1)
}

function mapped(record: JsonRecord, change: (value: unknown) => unknown): JsonRecord {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

/** Whether following references inside the schema ever comes back, or leads outside of it. */
function refersToItself(schema: JsonRecord): boolean {
  const { $defs, definitions: older, ...root } = schema
  const definitions = { ...asRecord(older), ...asRecord($defs) }
  const done = new Set<string>()
  const visit = (value: unknown, path: readonly string[]): boolean => {
    if (Array.isArray(value)) return value.some((item) => visit(item, path))
    const record = asRecord(value)
    if (!record) return false
    if (typeof record.$ref === 'string') {
      const name = localName(record.$ref)
      if (name === undefined || path.includes(name) || !Object.hasOwn(definitions, name)) return true
      if (!done.has(name)) {
        if (visit(definitions[name], [...path, name])) return true
        done.add(name)
      }
    }
    return Object.values(record).some((inner) => visit(inner, path))
  }
  return visit(root, [])
}

function localName(reference: string): string | undefined {
  return /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1]
}

/**
 * A schema for the input of a tool: an object at its root, without alternatives there, which the API refuses. Branches
 * of a root become one object that allows each of them.
 */
export function inputSchemaOf(parameters: JsonRecord | undefined): { schema: JsonRecord; changed: boolean } {
  if (!parameters || Object.keys(parameters).length === 0)
    return { schema: { type: 'object', properties: {} }, changed: false }
  const { type, anyOf, oneOf, allOf, $ref } = parameters
  const isPlain = anyOf === undefined && oneOf === undefined && allOf === undefined && $ref === undefined
  if (isPlain && type === 'object') return { schema: parameters, changed: false }
  if (isPlain) return { schema: { ...parameters, type: 'object' }, changed: type !== undefined }
  return { schema: flattened(parameters, parameters), changed: true }
}

function flattened(schema: JsonRecord, root: JsonRecord, depth = 0): JsonRecord {
  const { anyOf, oneOf, allOf, $ref, ...rest } = schema
  const merged: JsonRecord = { ...rest, type: 'object' }
  if (depth > 8) return merged
  const resolved = (value: unknown) => flattened(asRecord(value) ?? {}, root, depth + 1)
  const target = typeof $ref === 'string' ? referenced($ref, root) : undefined
  if (target) merge(merged, [resolved(target)], 'all')
  merge(merged, asList(allOf).map(resolved), 'all')
  merge(merged, asList(anyOf).map(resolved), 'any')
  merge(merged, asList(oneOf).map(resolved), 'any')
  return merged
}

function referenced(reference: string, root: JsonRecord): unknown {
  const name = localName(reference)
  if (name === undefined) return undefined
  const definitions = { ...asRecord(root.definitions), ...asRecord(root.$defs) }
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined
}

/** Adds the properties of the branches; what one of several may leave out is not required. */
function merge(into: JsonRecord, branches: readonly JsonRecord[], which: 'all' | 'any'): void {
  const [first, ...others] = branches
  if (!first) return
  const properties = Object.assign(
    {},
    asRecord(into.properties),
    ...branches.map((branch) => asRecord(branch.properties)),
  )
  const required = new Set<unknown>(asList(into.required))
  if (which === 'all') for (const branch of branches) for (const name of asList(branch.required)) required.add(name)
  else
    for (const name of asList(first.required))
      if (others.every((branch) => asList(branch.required).includes(name))) required.add(name)
  into.properties = properties
  if (required.size > 0) into.required = [...required]
  if (which === 'any' || others.length > 0) delete into.additionalProperties
}
