// Walks JSON text as bytes without parsing it: enough to find where a value starts and ends. The callers only splice
// documents whose shape they recognise completely and hand everything else to a real parser, so these functions may
// answer -1 for anything unusual and need not validate what they skip.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The first position from `at` that is no white space. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isSpace(bytes[at])) at++
  return at
}

/** `at` is an opening quote; answers the position behind the closing one, or -1. */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) return i + 1
    if (byte === BACKSLASH) i++
  }
  return -1
}

/** Answers the position behind the value that starts at `at`, or -1. */
export function skipValue(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]
  if (first === QUOTE) return skipString(bytes, at, end)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    let depth = 0
    for (let i = at; i < end; i++) {
      const byte = bytes[i]
      if (byte === QUOTE) {
        i = skipString(bytes, i, end) - 1
        if (i < 0) return -1
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth--
        if (depth === 0) return i + 1
      }
    }
    return -1
  }
  let i = at
  while (i < end) {
    const byte = bytes[i]
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break
    i++
  }
  return i === at ? -1 : i
}

/** Whether `bytes[at, end)` is exactly `word`. */
export function isWord(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  const length = word.length
  if (end - at !== length) return false
  for (let i = 0; i < length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

/**
 * Steps through the members of one JSON object in place. After `next()` answers true, `keyStart..keyEnd` is the key
 * without its quotes and `start..end` the value; `failed` tells whether the object was not what it should be.
 */
export class MemberCursor {
  keyStart = 0
  keyEnd = 0
  start = 0
  end = 0
  failed = false
  #bytes: Uint8Array
  #at: number
  #limit: number
  #first = true

  /** `at` is the position of `{`. */
  constructor(bytes: Uint8Array, at: number, limit: number) {
    this.#bytes = bytes
    this.#at = at
    this.#limit = limit
    if (bytes[at] !== OPEN_BRACE) this.failed = true
  }

  /** The position behind the closing brace, once `next()` has answered false. */
  get behind(): number {
    return this.#at
  }

  next(): boolean {
    if (this.failed) return false
    const bytes = this.#bytes
    const limit = this.#limit
    let at = skipSpace(bytes, this.#at + (this.#first ? 1 : 0), limit)
    if (bytes[at] === CLOSE_BRACE && at < limit) {
      this.#at = at + 1
      return false
    }
    if (!this.#first) {
      if (bytes[at] !== COMMA) return this.#fail()
      at = skipSpace(bytes, at + 1, limit)
    }
    this.#first = false
    if (bytes[at] !== QUOTE) return this.#fail()
    const keyBehind = skipString(bytes, at, limit)
    if (keyBehind < 0) return this.#fail()
    this.keyStart = at + 1
    this.keyEnd = keyBehind - 1
    at = skipSpace(bytes, keyBehind, limit)
    if (bytes[at] !== 0x3a) return this.#fail()
    at = skipSpace(bytes, at + 1, limit)
    const behind = skipValue(bytes, at, limit)
    if (behind < 0) return this.#fail()
    this.start = at
    this.end = behind
    this.#at = behind
    return true
  }

  #fail(): false {
    this.failed = true
    return false
  }
}
