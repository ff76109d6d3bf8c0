/** A running size of text, in tokens: an estimate, and what it is very unlikely to be below. */
export interface TextSize {
  tokens: number
  minTokens: number
}

/** Characters looked at a string: its script is the same all through, near enough. */
const samples = 16
/** Deeper than any schema; what an attacker nests deeper goes uncounted. */
const maxDepth = 32
/** No tokenizer in use packs more into its average token, white space aside, of which one token may hold a hundred. */
const maxCharactersPerToken = 8

/**
 * Adds a text without reading it all. Latin script makes about four characters a token, other alphabets between two and
 * three, and a Chinese, Japanese or Korean character is most of a token by itself.
 */
export function addText(size: TextSize, text: string): void {
  const { length } = text
  if (length === 0) return
  const stride = length <= samples ? 1 : Math.floor(length / samples)
  let seen = 0
  let tokens = 0
  let dense = 0
  for (let index = 0; index < length; index += stride) {
    const code = text.charCodeAt(index)
    seen++
    if (code > 0x20) dense++
    tokens += code < 0x80 ? 0.25 : code < 0x2e80 ? 0.4 : 0.8
  }
  size.tokens += (tokens / seen) * length
  size.minTokens += ((dense / seen) * length) / maxCharactersPerToken
}

/** Adds all keys and strings of a JSON value, e.g. of tool definitions. */
export function addValue(size: TextSize, value: unknown, depth = 0): void {
  if (typeof value === 'string') addText(size, value)
  else if (typeof value === 'object' && value !== null && depth < maxDepth) {
    if (Array.isArray(value)) for (const item of value) addValue(size, item, depth + 1)
    else {
      for (const key in value) {
        addText(size, key)
        addValue(size, (value as Record<string, unknown>)[key], depth + 1)
      }
    }
  }
}
