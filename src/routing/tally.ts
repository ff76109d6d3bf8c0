/** Successes and errors of one slice of time, `slot` being epoch milliseconds divided by its width. */
export interface Slice {
  slot: number
  successes: number
  errors: number
}

/** Counts in equal slices of time, oldest first; empty slices are not kept. */
export interface Tally {
  widthMs: number
  /** How many slices back from now are kept, the current one included. */
  keep: number
  slices: Slice[]
}

export function emptyTally(widthMs: number, keep: number): Tally {
  return { widthMs, keep, slices: [] }
}

/** Counts one call that ended at `at`; one older than the tally reaches is left out. */
export function tallyCall(tally: Tally, at: number, success: boolean, now: number): void {
  const newest = Math.floor(now / tally.widthMs)
  const slot = Math.min(Math.floor(at / tally.widthMs), newest)
  const { slices } = tally
  // Slices ahead of now are left from before the clock went back.
  while ((slices.at(-1)?.slot ?? newest) > newest) slices.pop()
  while ((slices[0]?.slot ?? newest) <= newest - tally.keep) slices.shift()
  if (slot <= newest - tally.keep) return

  let index = slices.length
  while (index > 0 && (slices[index - 1]?.slot ?? 0) > slot) index--
  let slice = slices[index - 1]
  if (slice?.slot !== slot) {
    slice = { slot, successes: 0, errors: 0 }
    slices.splice(index, 0, slice)
  }
  if (success) slice.successes++
  else slice.errors++
}

/** The sums over the last `count` slices, the current one included. */
export function totalsOf(tally: Tally, now: number, count = tally.keep): { successes: number; errors: number } {
  const newest = Math.floor(now / tally.widthMs)
  let successes = 0
  let errors = 0
  for (const slice of tally.slices) {
    if (slice.slot <= newest - count || slice.slot > newest) continue
    successes += slice.successes
    errors += slice.errors
  }
  return { successes, errors }
}
