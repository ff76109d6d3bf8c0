// What clients send is checked by small functions put together here, not by zod. Measured with a small chat request:
// zod/mini without its JIT (workerd allows no eval) takes 4.5 µs, this 0.4 µs; 100,000 messages take it 60 ms and this
// 25 ms. zod copies what it checks, which here may be twenty megabytes. Checks visit the fields that are present, not
// all that could be, and allocate nothing while all is well.

/** What is wrong with a value. `path` leads to it from the value that was checked, e.g. `.url` or `[3].name`. */
export interface Problem {
  path: string
  /** Continues the path to a sentence: `must be a string, got a number`. */
  message: string
}

/** Null when the value is as it should be. A check may take away what says nothing (see `object`); it copies nothing. */
export type Check = (value: unknown) => Problem | null

export type JsonObject = Record<string, unknown>

/** Deeper than anybody writes by hand, and safe for whoever serialises it again: `JSON.stringify` recurses. */
export const maxDepth = 256

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function problem(message: string, path = ''): Problem {
  return { path, message }
}

/** The problem as its container sees it. */
export function under(key: string | number, inner: Problem): Problem {
  const step =
    typeof key === 'number' ? `[${key}]` : /^[A-Za-z_$][\w$-]{0,63}$/.test(key) ? `.${key}` : `[${quote(key)}]`
  return { path: step + inner.path, message: inner.message }
}

/** A client's own word inside a message: short and on one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 61)}...` : text)
}

export function mustBe(what: string, value: unknown): Problem {
  return problem(value === undefined ? `is required: ${what}` : `must be ${what}, got ${kindOf(value)}`)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

export const boolean: Check = (value) => (typeof value === 'boolean' ? null : mustBe('true or false', value))

export function string(limits: { min?: number; max?: number; pattern?: RegExp; what?: string } = {}): Check {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern, what = 'a string' } = limits
  return (value) => {
    if (typeof value !== 'string') return mustBe(what, value)
    if (value.length < min) return problem(`must be ${what}, got an empty one`)
    if (value.length > max) return problem(`must be ${what} of at most ${max} characters, got ${value.length}`)
    return pattern === undefined || pattern.test(value) ? null : problem(`must be ${what}`)
  }
}

export const text = string()
export const name = string({ min: 1, what: 'a non-empty string' })

export function number(
  min: number,
  max: number,
  what = max === Number.POSITIVE_INFINITY ? `a number of at least ${min}` : `a number from ${min} to ${max}`,
): Check {
  return (value) => (typeof value === 'number' && value >= min && value <= max ? null : mustBe(what, value))
}

/** A whole number. Beyond 2^53 a JSON number does not arrive as it was written, so none is taken. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const what =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? null : mustBe(what, value)
}

export function oneOf(values: readonly string[]): Check {
  const what = values.length === 1 ? quote(values[0] ?? '') : `one of ${values.map(quote).join(', ')}`
  return (value) =>
    typeof value === 'string' && values.includes(value)
      ? null
      : value === undefined
        ? problem(`is required: ${what}`)
        : problem(`must be ${what}, got ${typeof value === 'string' ? quote(value) : kindOf(value)}`)
}

export function nullable(check: Check): Check {
  return (value) => (value === null ? null : check(value))
}

/** A string, or what `check` takes. `what` names the latter in messages, e.g. `an array of parts`. */
export function stringOr(check: Check, what: string): Check {
  return (value) => {
    if (typeof value === 'string') return null
    return typeof value === 'object' && value !== null ? check(value) : mustBe(`a string or ${what}`, value)
  }
}

export function list(check: Check, limits: { min?: number; max?: number; what?: string } = {}): Check {
  const { min = 0, max = Number.POSITIVE_INFINITY, what = 'an array' } = limits
  return (value) => {
    if (!Array.isArray(value)) return mustBe(what, value)
    if (value.length < min) return problem(`must be ${what} with at least ${min} ${min === 1 ? 'item' : 'items'}`)
    if (value.length > max) return problem(`must be ${what} with at most ${max} items, got ${value.length}`)
    for (let i = 0; i < value.length; i++) {
      const inner = check(value[i])
      if (inner !== null) return under(i, inner)
    }
    return null
  }
}

/** A map with keys of the client's choice. */
export function record(check: Check, limits: { maxEntries?: number; maxKey?: number } = {}): Check {
  const { maxEntries = Number.POSITIVE_INFINITY, maxKey = Number.POSITIVE_INFINITY } = limits
  return (value) => {
    if (!isObject(value)) return mustBe('an object', value)
    const keys = Object.keys(value)
    if (keys.length > maxEntries) return problem(`must have at most ${maxEntries} entries, got ${keys.length}`)
    for (const key of keys) {
      if (key.length > maxKey) return problem(`must have keys of at most ${maxKey} characters`)
      const inner = check(value[key])
      if (inner !== null) return under(key, inner)
    }
    return null
  }
}

/**
 * An object with the given fields and any others. A null in an optional field that takes none means "not set": the
 * field is taken away, because half the providers refuse a null. So is an own `__proto__`, which would turn into a
 * prototype as soon as somebody assigned the fields to another object.
 */
export function object(fields: Record<string, Check>, required: readonly string[] = []): Check {
  const known = new Map(Object.entries(fields))
  return (value) => {
    if (!isObject(value)) return mustBe('an object', value)
    for (const key of Object.keys(value)) {
      const field = value[key]
      const check = known.get(key)
      if (check === undefined) {
        if (key === '__proto__') delete value[key]
        else if (nestsTooDeep(field, maxDepth)) return under(key, tooDeep)
        continue
      }
      const inner = check(field)
      if (inner === null) continue
      if (field !== null || required.includes(key)) return under(key, inner)
      delete value[key]
    }
    for (const key of required) {
      if (value[key] !== undefined) continue
      const inner = known.get(key)?.(undefined)
      if (inner) return under(key, inner)
    }
    return null
  }
}

/** An object of one of several shapes, told apart by its field `tag`. */
export function tagged(tag: string, variants: Record<string, Check>): Check {
  const known = new Map(Object.entries(variants))
  const tagCheck = oneOf(Object.keys(variants))
  return (value) => {
    if (!isObject(value)) return mustBe('an object', value)
    const kind = value[tag]
    const check = typeof kind === 'string' ? known.get(kind) : undefined
    if (check !== undefined) return check(value)
    return under(tag, tagCheck(kind) ?? problem('is unknown'))
  }
}

const tooDeep = problem(`is nested more than ${maxDepth} levels deep`)

/** Any JSON of a sane depth, e.g. a tool's schema. */
export const anyObject: Check = (value) =>
  !isObject(value) ? mustBe('an object', value) : nestsTooDeep(value, maxDepth) ? tooDeep : null

function nestsTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (nestsTooDeep(item, depth - 1)) return true
    return false
  }
  for (const key of Object.keys(value)) if (nestsTooDeep((value as JsonObject)[key], depth - 1)) return true
  return false
}
