const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `10s`, `1m`, `24h` in milliseconds; null for anything else. */
export function parseInterval(text: string): number | null {
  const match = /^([1-9]\d{0,5})([smh])$/.exec(text)
  return match ? Number(match[1]) * unitMs[match[2] as keyof typeof unitMs] : null
}

/** The shortest form in whole units, e.g. `10s`. */
export function formatInterval(ms: number): string {
  if (ms % unitMs.h === 0) return `${ms / unitMs.h}h`
  if (ms % unitMs.m === 0) return `${ms / unitMs.m}m`
  return `${ms / unitMs.s}s`
}
