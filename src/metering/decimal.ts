/** A non-negative decimal, exact: `units / 10^decimals`. */
export interface Decimal {
  units: bigint
  decimals: number
}

const pattern = /^(\d+)(?:\.(\d*))?$/

/** Parses a plain decimal string such as `0.00000006`, with any number of digits. Null for anything else: no sign, no exponent. */
export function parseDecimal(text: string): Decimal | null {
  const match = pattern.exec(text)
  if (!match) return null
  const fraction = match[2] ?? ''
  return { units: BigInt(`${match[1]}${fraction}`), decimals: fraction.length }
}

/** The same number counted in `10^-decimals`, which must be at least as fine as the number's own. */
export function unitsAt(decimal: Decimal, decimals: number): bigint {
  return decimal.units * 10n ** BigInt(decimals - decimal.decimals)
}

/** Divides non-negative integers and rounds half up. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor)
}
