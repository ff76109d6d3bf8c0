/** A running size of text, in tokens. */
export interface TextSize {
  /** An estimate. */
  tokens: number
  /** What it is very unlikely to be below. */
  minTokens: number
  /** What providers may count on top of the estimate, or not at all. */
  unsureTokens: number
}

export function newTextSize(): TextSize {
  return { tokens: 0, minTokens: 0, unsureTokens: 0 }
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
    if (Array.isArray(holder)) for (const item of holder) addItem(size, item, open)
    else {
      for (const key in holder) {
        addText(size, key)
        addItem(size, (holder as Record<string, unknown>)[key], open)
      }
    }
  }
}

function addItem(size: TextSize, item: unknown, open: object[]): void {
  if (typeof item === 'string') addText(size, item)
  else if (typeof item === 'object' && item !== null) open.push(item)
}

/** Adds a value of which a provider may count nothing. */
export function addUnsure(size: TextSize, value: unknown): void {
  size.unsureTokens += tokensIn(value)
}

export function tokensIn(value: unknown): number {
  const size = newTextSize()
  addValue(size, value)
  return size.tokens
}
