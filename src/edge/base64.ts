/** Base64 of bytes, or of a text's UTF-8. */
export function base64(content: Uint8Array | string): string {
  let binary = ''
  for (const byte of typeof content === 'string' ? new TextEncoder().encode(content) : content)
    binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The form without padding that is safe in URLs and headers (RFC 4648 §5). */
export function base64Url(content: Uint8Array | string): string {
  return base64(content).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** @throws where the text is no base64 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
