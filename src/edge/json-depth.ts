const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/**
 * Whether JSON text nests deeper than `limit`, without parsing it: ten megabytes of brackets cost a parser seconds and
 * hundreds of megabytes, this milliseconds and nothing. Strings are skipped by a native search for their end, so what
 * is large in honest bodies, images and prompts, is cheap.
 */
export function nestsDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i = endOfString(bytes, i)
      if (i < 0) return false
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++
      if (depth > limit) return true
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
  }
  return false
}

/** The position of the quote that closes the string opened at `at`, or -1. */
function endOfString(bytes: Uint8Array, at: number): number {
  let end = at
  for (;;) {
    end = bytes.indexOf(QUOTE, end + 1)
    if (end < 0) return -1
    let before = end - 1
    while (bytes[before] === BACKSLASH) before--
    // An even number of backslashes are escaped backslashes: then the quote is a real one.
    if ((end - before) % 2 === 1) return end
  }
}
