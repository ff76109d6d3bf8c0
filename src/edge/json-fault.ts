/** Where a text stops being JSON, and what should have stood there. `line` and `column` count from 1. */
export interface JsonFault {
  line: number
  column: number
  expected: string
}

type Expected =
  | 'a value'
  | 'a value or ]'
  | 'a property name'
  | 'a property name or }'
  | ':'
  | ', or ]'
  | ', or }'
  | 'the end'

const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y

/**
 * The first fault of a text that `JSON.parse` refused, or null when there is none. The engine's own message quotes the
 * text, which must not be told to anybody, and leaves the place out when the text is short. Linear, and deep nesting
 * costs it memory, not stack.
 */
export function findJsonFault(text: string): JsonFault | null {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'a value'
  const after = (): Expected => {
    const inside = open.at(-1)
    return inside === undefined ? 'the end' : inside === '{' ? ', or }' : ', or ]'
  }
  for (let at = skipSpace(text, 0); ; at = skipSpace(text, at)) {
    const next = text[at]
    if (next === undefined) return expected === 'the end' ? null : faultAt(text, at, expected)
    const wantsValue: boolean = expected === 'a value' || expected === 'a value or ]'
    const wantsName: boolean = expected === 'a property name' || expected === 'a property name or }'
    if (next === '"' && (wantsValue || wantsName)) {
      const string = scanString(text, at)
      if (string.fault !== null) return faultAt(text, string.at, string.fault)
      at = string.at
      expected = wantsName ? ':' : after()
    } else if ((next === '{' || next === '[') && wantsValue) {
      open.push(next)
      at++
      expected = next === '{' ? 'a property name or }' : 'a value or ]'
    } else if ((next === '}' || next === ']') && expected.endsWith(next)) {
      open.pop()
      at++
      expected = after()
    } else if (next === ':' && expected === ':') {
      at++
      expected = 'a value'
    } else if (next === ',' && (expected === ', or ]' || expected === ', or }')) {
      at++
      expected = expected === ', or }' ? 'a property name' : 'a value'
    } else {
      literal.lastIndex = at
      if (!wantsValue || !literal.test(text)) return faultAt(text, at, expected)
      at = literal.lastIndex
      expected = after()
    }
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}

/** From an opening quote to behind the closing one, or to the fault in between. */
function scanString(text: string, from: number): { at: number; fault: string | null } {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return { at: at + 1, fault: null }
    if (code < 0x20) return { at, fault: 'no bare control character in a string' }
    if (code !== 0x5c) continue
    escaped.lastIndex = at + 1
    if (!escaped.test(text)) return { at, fault: 'a known escape sequence' }
    at = escaped.lastIndex - 1
  }
  return { at: text.length, fault: 'the end of a string' }
}

function faultAt(text: string, at: number, expected: string): JsonFault {
  let line = 1
  let lineStart = 0
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', lineStart)) {
    line++
    lineStart = next + 1
  }
  return { line, column: at - lineStart + 1, expected }
}
