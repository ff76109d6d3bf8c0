/** The sandbox's tokenizer: words with the space before them, long ones in pieces. The tokens joined are the text. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,12}|\s+$/gu) ?? []
}

export function countTokens(text: string): number {
  return tokensOf(text).length
}
