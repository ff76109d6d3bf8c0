const open = '<think>'
const close = '</think>'

/** White space that waits for a tag, in characters: without a bound, a stream of nothing else is read again and again. */
const maxWaiting = 256

export type Split = { type: 'text' | 'reasoning'; text: string }

/**
 * Takes the reasoning out of text that begins with `<think>…</think>`, over any cuts. Tags further on are the model's
 * own words. White space around the tags belongs to nobody.
 */
export class ThinkTags {
  #state: 'before' | 'opened' | 'inside' | 'behind' | 'text' = 'before'
  #held = ''

  push(text: string): Split[] {
    const splits: Split[] = []
    let rest = this.#held + text
    this.#held = ''
    if (this.#state === 'before') {
      const start = rest.trimStart()
      if (start.length < open.length && open.startsWith(start) && rest.length <= maxWaiting) {
        this.#held = rest
        return splits
      }
      if (start.startsWith(open)) {
        this.#state = 'opened'
        rest = start.slice(open.length)
      } else this.#state = 'text'
    }
    if (this.#state === 'opened') {
      rest = rest.trimStart()
      if (rest !== '') this.#state = 'inside'
    }
    if (this.#state === 'inside') {
      const end = rest.indexOf(close)
      if (end < 0) {
        const kept = heldBack(rest)
        this.#held = rest.slice(rest.length - kept)
        add(splits, 'reasoning', rest.slice(0, rest.length - kept))
        return splits
      }
      add(splits, 'reasoning', rest.slice(0, end).trimEnd())
      this.#state = 'behind'
      rest = rest.slice(end + close.length)
    }
    if (this.#state === 'behind') {
      rest = rest.trimStart()
      if (rest !== '') this.#state = 'text'
    }
    add(splits, 'text', rest)
    return splits
  }

  /** What was held back because it might have become a tag. */
  end(): Split[] {
    const splits: Split[] = []
    add(splits, this.#state === 'inside' ? 'reasoning' : 'text', this.#held)
    this.#held = ''
    return splits
  }
}

/** How many last characters may be white space before, or the beginning of, the closing tag. */
function heldBack(text: string): number {
  let tag = 0
  for (let length = Math.min(close.length - 1, text.length); length > 0; length--) {
    if (!text.endsWith(close.slice(0, length))) continue
    tag = length
    break
  }
  const words = text.slice(0, text.length - tag).trimEnd()
  return Math.min(text.length - words.length, maxWaiting)
}

function add(splits: Split[], type: Split['type'], text: string): void {
  if (text !== '') splits.push({ type, text })
}
