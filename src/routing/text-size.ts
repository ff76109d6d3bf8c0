/** A running size of text, in tokens: an estimate, and what it is very unlikely to be below. */
export interface TextSize {
  tokens: number
  minTokens: number
}

/** Characters looked at a string: its script is the same all through, near enough. */
const samples = 16
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

/** Adds all keys and strings of a JSON value, e.g. of tool definitions, however deep it is nested. */
export function addValue(size: TextSize, value: unknown): void {
  if (typeof value === 'string') {
    addText(size, value)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const open: object[] = [value]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const isList = Array.isArray(holder)
    for (const key in holder) {
      if (!isList) addText(size, key)
      const inner: unknown = (holder as Record<string, unknown>)[key]
      if (typeof inner === 'string') addText(size, inner)
      else if (typeof inner === 'object' && inner !== null) open.push(inner)
    }
  }
}

/** Adds a value of which a provider may count nothing: to the estimate, and not to what the text is never below. */
export function addUnsure(size: TextSize, value: unknown): void {
  const { minTokens } = size
  addValue(size, value)
  size.minTokens = minTokens
}
