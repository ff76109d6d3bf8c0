import { asRecord, type JsonRecord } from '../foreign-json.ts'

/** The keywords of JSON Schema that `parametersJsonSchema` and `responseJsonSchema` are documented to take. */
const plainKeywords: ReadonlySet<string> = new Set([
  '$id',
  '$anchor',
  'title',
  'description',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'propertyOrdering',
])
/** Say nothing that the model has to obey. */
const silentKeywords: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'nullable',
  'property_ordering',
])
const formats: ReadonlySet<string> = new Set(['date-time', 'date', 'time', 'int32', 'int64', 'float', 'double'])
const types: ReadonlySet<string> = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])

/**
 * A copy of a JSON schema in the subset that Gemini takes: `const` becomes `enum`, `oneOf` `anyOf`, `nullable` a second
 * type, `definitions` `$defs`; a single `allOf` is unfolded; what else the subset lacks is left out, and `onLoss` told.
 * The client's own schema stays as it is.
 */
export function geminiSchema(schema: unknown, onLoss: () => void): JsonRecord {
  const source = asRecord(schema)
  // `true` and `false` are schemas too; there is no word for "nothing fits".
  if (!source) return {}
  const ref = source.$ref
  if (typeof ref === 'string')
    return { $ref: ref.replace(/^#\/definitions\//, '#/$defs/'), ...definitionsOf(source, onLoss) }
  const target: JsonRecord = {}
  for (const [keyword, value] of Object.entries(source)) {
    if (plainKeywords.has(keyword)) target[keyword] = value
    else if (!copyKeyword(target, keyword, value, source, onLoss) && !silentKeywords.has(keyword)) onLoss()
  }
  Object.assign(target, definitionsOf(source, onLoss))
  const nullable = source.nullable === true || (Array.isArray(source.enum) && source.enum.includes(null))
  if (nullable && typeof target.type === 'string' && target.type !== 'null') target.type = [target.type, 'null']
  requireOnlyWhatIsThere(target, onLoss)
  return target
}

/** Whether the keyword is one that is rewritten here. */
function copyKeyword(
  target: JsonRecord,
  keyword: string,
  value: unknown,
  source: JsonRecord,
  onLoss: () => void,
): boolean {
  switch (keyword) {
    case 'type':
      setType(target, value)
      return true
    case 'format':
      if (typeof value === 'string' && formats.has(value)) target.format = value
      else onLoss()
      return true
    case 'enum':
      setEnum(target, value, source, onLoss)
      return true
    case 'const':
      setEnum(target, [value], source, onLoss)
      return true
    case 'properties':
      target.properties = mapped(value, onLoss)
      return true
    case 'required':
      if (Array.isArray(value)) target.required = value
      return true
    case 'items':
      // The tuple of older drafts.
      if (Array.isArray(value)) target.prefixItems = value.map((item) => geminiSchema(item, onLoss))
      else target.items = geminiSchema(value, onLoss)
      return true
    case 'prefixItems':
      if (Array.isArray(value)) target.prefixItems = value.map((item) => geminiSchema(item, onLoss))
      return true
    case 'additionalProperties':
      target.additionalProperties = typeof value === 'boolean' ? value : geminiSchema(value, onLoss)
      return true
    case 'anyOf':
    case 'oneOf':
      if (Array.isArray(value) && target.anyOf === undefined)
        target.anyOf = value.map((option) => geminiSchema(option, onLoss))
      return true
    case 'allOf':
      if (Array.isArray(value) && value.length === 1) {
        for (const [inner, content] of Object.entries(geminiSchema(value[0], onLoss)))
          if (!(inner in source)) target[inner] = content
        return true
      }
      return false
    case '$defs':
    case 'definitions':
      return true
    default:
      return false
  }
}

function definitionsOf(source: JsonRecord, onLoss: () => void): JsonRecord {
  const definitions = { ...asRecord(source.definitions), ...asRecord(source.$defs) }
  return Object.keys(definitions).length > 0 ? { $defs: mapped(definitions, onLoss) } : {}
}

function mapped(value: unknown, onLoss: () => void): JsonRecord {
  // Entries, not assignments: a property may be called `__proto__`.
  return Object.fromEntries(
    Object.entries(asRecord(value) ?? {}).map(([name, inner]) => [name, geminiSchema(inner, onLoss)]),
  )
}

function setType(target: JsonRecord, value: unknown): void {
  const named = (Array.isArray(value) ? value : [value]).filter(
    (type): type is string => typeof type === 'string' && types.has(type.toLowerCase()),
  )
  const [only, ...more] = named.map((type) => type.toLowerCase())
  if (only !== undefined) target.type = more.length > 0 ? [only, ...more] : only
}

/** Strings and numbers only; `null` is told by the type. */
function setEnum(target: JsonRecord, value: unknown, source: JsonRecord, onLoss: () => void): void {
  if (!Array.isArray(value)) return
  const usable = value.filter((item) => typeof item === 'string' || typeof item === 'number')
  if (usable.length > 0) target.enum = usable
  if (value.some((item) => item !== null && typeof item !== 'string' && typeof item !== 'number')) onLoss()
  if (source.type !== undefined || target.type !== undefined) return
  const [first] = usable
  if (usable.length === 0) target.type = value.every((item) => typeof item === 'boolean') ? 'boolean' : 'null'
  else if (usable.every((item) => typeof item === typeof first))
    target.type = typeof first === 'string' ? 'string' : 'number'
}

/** A required property that is not among the properties is an error there. */
function requireOnlyWhatIsThere(target: JsonRecord, onLoss: () => void): void {
  const properties = asRecord(target.properties)
  if (!properties || !Array.isArray(target.required)) return
  const known = target.required.filter((name) => typeof name === 'string' && Object.hasOwn(properties, name))
  if (known.length === target.required.length) return
  onLoss()
  if (known.length > 0) target.required = known
  else delete target.required
}
