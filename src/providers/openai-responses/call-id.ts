/** Longer ids of calls are an error. */
const maxLength = 64

/** The id of a tool call as the API takes it: an id that is too long keeps its beginning and becomes unique by a hash. */
export function callIdOf(id: string): string {
  return id.length <= maxLength ? id : `${id.slice(0, maxLength - 15)}_${hashOf(id)}`
}

/** 53 bits as 14 hexadecimal digits (cyrb53): the call and its result have to meet again, nothing else. */
function hashOf(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(16).padStart(14, '0')
}
