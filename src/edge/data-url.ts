import { base64 } from './base64.ts'

/**
 * What a data URL (RFC 2397) holds: its media type in lower case, empty where it names none, and its content as base64
 * without white space. One that is cut off before its comma holds nothing.
 */
export function parseDataUrl(url: string): { mediaType: string; data: string } {
  const comma = url.indexOf(',')
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma < 0 ? undefined : comma).split(';')
  const content = comma < 0 ? '' : url.slice(comma + 1)
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64')
  return {
    mediaType: mediaType.trim().toLowerCase(),
    data: isBase64 ? (/\s/.test(content) ? content.replace(/\s+/g, '') : content) : base64(decoded(content)),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A lone percent sign: the text is what it says.
    return text
  }
}
