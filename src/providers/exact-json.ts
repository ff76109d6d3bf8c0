/** `JSON.parse` with the source text of numbers, and `JSON.rawJSON`: younger than the language version we compile for. */
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown
  rawJSON?(text: string): unknown
}

const json: JsonWithSource = JSON

/** Sixteen digits in a row outside of a word: perhaps an integer that a double cannot hold. */
const longNumber = /(^|[^\w"])-?\d{16,}/

/**
 * `JSON.parse`, but an integer beyond 2^53 keeps its digits when it is stringified again. Identifiers of that size are
 * common in the arguments of tools, and providers whose arguments are objects would otherwise have them rounded here.
 */
export function parseExactJson(text: string): unknown {
  const { rawJSON } = json
  if (rawJSON === undefined || !longNumber.test(text)) return JSON.parse(text)
  return json.parse(text, (_, value, context) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    context?.source !== undefined &&
    /^-?\d+$/.test(context.source)
      ? rawJSON(context.source)
      : value,
  )
}
