/** Deeper than this a sample leaves out what it may: recursive schemas end there. */
const maxDepth = 8
/** Longer strings and lists are not filled up to what a schema asks for. */
const maxFilled = 1000
/** Values in a whole sample: a schema that refers to itself twice would double with every level. */
const maxValues = 10_000
/**
 * Names looked at and characters written for a whole sample. Anybody may send a schema, and what is looked at again for
 * each value would cost the product of what is in it.
 */
const maxWork = 1_000_000

type Schema = Record<string, unknown>

/**
 * A value that conforms to a JSON schema, always the same one. Knows what structured outputs use: `type`, `properties`,
 * `required`, `items`, `prefixItems`, `enum`, `const`, `default`, `anyOf`/`oneOf`/`allOf`, local `$ref`, lengths, bounds
 * and the common formats. Patterns are not solved.
 *
 * @param text what strings are filled with where the schema leaves the choice
 */
export function sampleOf(schema: unknown, text = 'sandbox'): unknown {
  return sample(schema, { root: schema, text, depth: 0, budget: { values: maxValues, work: maxWork } })
}

interface Context {
  root: unknown
  text: string
  depth: number
  /** Shared by the whole sample. */
  budget: { values: number; work: number }
}

function sample(schema: unknown, context: Context): unknown {
  const { budget } = context
  if (budget.values-- <= 0 || budget.work <= 0 || context.depth > 2 * maxDepth) return null
  if (!isObject(schema)) return context.text
  if ('const' in schema) return schema.const
  if ('default' in schema) return schema.default
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0]
  const deeper = { ...context, depth: context.depth + 1 }
  if (typeof schema.$ref === 'string') return sample(resolve(schema.$ref, context), deeper)
  if (Array.isArray(schema.allOf)) return sample(merged(schema, schema.allOf, context), deeper)
  for (const choices of [schema.anyOf, schema.oneOf]) {
    if (Array.isArray(choices) && choices.length > 0) return sample(lighter(choices, context), deeper)
  }
  switch (typeOf(schema, context)) {
    case 'object':
      return objectSample(schema, deeper)
    case 'array':
      return arraySample(schema, deeper)
    case 'integer':
      return numberSample(schema, 1)
    case 'number':
      return numberSample(schema, 0)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return stringSample(schema, context)
  }
}

function typeOf(schema: Schema, context: Context): unknown {
  if (Array.isArray(schema.type)) {
    return context.depth > maxDepth && schema.type.includes('null') ? 'null' : schema.type[0]
  }
  if (schema.type !== undefined) return schema.type
  if (isObject(schema.properties)) return 'object'
  return schema.items === undefined ? 'string' : 'array'
}

/** The first choice, but far down one that doesn't go deeper. */
function lighter(choices: unknown[], context: Context): unknown {
  if (context.depth <= maxDepth) return choices[0]
  context.budget.work -= choices.length
  const flat = (choice: unknown) =>
    isObject(choice) && ['null', 'string', 'number', 'integer', 'boolean'].includes(String(choice.type))
  return choices.find(flat) ?? choices[0]
}

function objectSample(schema: Schema, context: Context): Schema {
  const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : [])
  const declared = entriesOf(schema.properties)
  context.budget.work -= required.size + Object.keys(declared).length
  const properties = Object.entries(declared).filter(([name]) => context.depth <= maxDepth || required.has(name))
  const undeclared = [...required].filter((name) => !Object.hasOwn(declared, name))
  // Not an assignment: a property may be called `__proto__`.
  return Object.fromEntries([
    ...properties.map(([name, property]): [string, unknown] => [name, sample(property, context)]),
    ...undeclared.map((name): [string, unknown] => [name, context.text]),
  ])
}

function arraySample(schema: Schema, context: Context): unknown[] {
  const fixed = Array.isArray(schema.prefixItems) ? schema.prefixItems.map((item) => sample(item, context)) : []
  const least = typeof schema.minItems === 'number' ? schema.minItems : 0
  const most = typeof schema.maxItems === 'number' ? schema.maxItems : maxFilled
  const wanted = Math.min(
    most,
    Math.max(least, fixed.length, context.depth > maxDepth || schema.items === false ? 0 : 1),
  )
  const missing = Math.max(0, Math.min(wanted, maxFilled) - fixed.length)
  return [...fixed, ...Array.from({ length: missing }, () => sample(schema.items, context))]
}

function numberSample(schema: Schema, granularity: 0 | 1): number {
  const bound = (name: string) => (typeof schema[name] === 'number' ? schema[name] : null)
  const step = bound('multipleOf') ?? granularity
  const aboveExclusive = bound('exclusiveMinimum')
  const belowExclusive = bound('exclusiveMaximum')
  const nudge = step || 0.5
  const low = Math.max(
    bound('minimum') ?? Number.NEGATIVE_INFINITY,
    aboveExclusive === null ? Number.NEGATIVE_INFINITY : aboveExclusive + nudge,
  )
  const high = Math.min(
    bound('maximum') ?? Number.POSITIVE_INFINITY,
    belowExclusive === null ? Number.POSITIVE_INFINITY : belowExclusive - nudge,
  )
  const value = Math.min(Math.max(step || 1, low), Math.max(high, low))
  if (step === 0) return value
  const onStep = Math.ceil(value / step) * step
  return onStep > high ? Math.floor(high / step) * step : onStep
}

const formats: ReadonlyMap<unknown, string> = new Map([
  ['date', '2026-01-01'],
  ['date-time', '2026-01-01T00:00:00Z'],
  ['time', '00:00:00Z'],
  ['duration', 'P1D'],
  ['email', 'sandbox@example.com'],
  ['hostname', 'example.com'],
  ['uri', 'https://example.com/'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
])

function stringSample(schema: Schema, { text, budget }: Context): string {
  const formatted = formats.get(schema.format)
  if (formatted !== undefined) return formatted
  const least = Math.min(typeof schema.minLength === 'number' ? schema.minLength : 0, maxFilled)
  const most = typeof schema.maxLength === 'number' ? schema.maxLength : maxFilled
  // By code points: the lengths of JSON schema count them.
  const points = [...text.padEnd(least, '.')].slice(0, Math.max(most, 0))
  budget.work -= points.length
  return points.join('')
}

function merged(schema: Schema, parts: unknown[], context: Context): Schema {
  const { allOf, ...own } = schema
  const resolved = parts.map((part) =>
    isObject(part) && typeof part.$ref === 'string' ? resolve(part.$ref, context) : part,
  )
  context.budget.work -= parts.length
  const all = [...resolved.filter(isObject), own]
  for (const part of all) context.budget.work -= sizeOf(part) + sizeOf(part.properties) + sizeOf(part.required)
  if (context.budget.work <= 0) return {}
  return {
    ...Object.fromEntries(all.flatMap(Object.entries)),
    properties: Object.fromEntries(all.flatMap((part) => Object.entries(entriesOf(part.properties)))),
    required: all.flatMap((part) => listOf(part.required)),
  }
}

const sizeOf = (value: unknown): number => (typeof value === 'object' && value !== null ? Object.keys(value).length : 0)
const entriesOf = (value: unknown): Schema => (isObject(value) ? value : {})
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Looks a local reference up, `#/$defs/name`; another kind resolves to nothing. */
function resolve(reference: string, { root, budget }: Context): unknown {
  budget.work -= reference.length
  if (!reference.startsWith('#')) return {}
  const path = reference.split('/').slice(1)
  return path.reduce<unknown>((at, segment) => {
    const name = decodeSegment(segment)
    return isObject(at) && Object.hasOwn(at, name) ? at[name] : {}
  }, root)
}

function decodeSegment(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
