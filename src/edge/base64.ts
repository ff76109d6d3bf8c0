/** Base64 of bytes, or of a text's UTF-8. */
export function base64(content: Uint8Array | string): string {
  let binary = ''
  for (const byte of typeof content === 'string' ? new TextEncoder().encode(content) : content)
    binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** @throws where the text is no base64 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
