/** The largest amount in dollars whose nano-dollars are all exact integers. */
export const maxUsd = Math.floor(Number.MAX_SAFE_INTEGER / 1e9)

/** Correctly rounded, so that the shortest decimal that JSON prints is the exact amount. */
export function usdOf(nanoUsd: number): number {
  return nanoUsd / 1e9
}

/**
 * The nano-dollars nearest to an amount of 0 to `maxUsd` dollars: exact for whatever has at most nine decimals, because
 * `toFixed` works on the number's exact value, where a multiplication would round.
 */
export function nanoUsdOf(usd: number): number {
  return Number(usd.toFixed(9).replace('.', ''))
}

/** For people: `$0.0000015`, never with an exponent. */
export function usdText(nanoUsd: number): string {
  return `$${usdOf(nanoUsd)
    .toFixed(9)
    .replace(/\.?0+$/, '')}`
}
