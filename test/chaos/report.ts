import type { Played } from './matrix.ts'
import { wires } from './speech.ts'

/** One cell, as a line. */
export function lineOf(played: Played): string {
  const { cell, misses, breaker, generation, called } = played
  const columns = [
    cell.fault.name.padEnd(42),
    cell.wire.padEnd(18),
    cell.mode.padEnd(8),
    cell.setup.padEnd(5),
    cell.client.padEnd(10),
    seenBy(played).padEnd(30),
    (generation === null ? '' : `${called.length} calls, row ${generation.status}, $${generation.usage}`).padEnd(34),
    breaker ?? '',
  ]
  const line = columns.join(' ').trimEnd()
  return misses.length === 0
    ? `ok      ${line}`
    : `MISSED  ${line}\n${misses.map(({ promise, detail }) => `        ${promise}: ${detail}`).join('\n')}`
}

function seenBy({ seen }: Played): string {
  const said = seen.text === '' ? '' : ` "${seen.text.slice(0, 20)}"`
  if (seen.code === null) return `${seen.status ?? 'nothing'}${said} ${seen.finishReason ?? ''}`.trim()
  return seen.isInside ? `200${said}, then error ${seen.code}` : `error ${seen.code}`
}

/** What the cells came to together. */
export function summaryOf(played: readonly Played[], tookMs: number): string {
  const missed = played.filter(({ misses }) => misses.length > 0)
  const count = (promise: string) =>
    played.filter(({ misses }) => misses.some((miss) => miss.promise === promise)).length
  const recoverable = played.filter(
    ({ cell: { fault, setup } }) => setup === 'next' && fault.outcome.kind === 'error' && fault.outcome.recovers,
  )
  const recovered = recoverable.filter(({ seen }) => seen.text === 'healthy answer')
  const bySdk = played.filter(({ cell }) => cell.client !== 'http')
  return [
    '',
    ...wires.map((wire) => {
      const own = played.filter(({ cell }) => cell.wire === wire)
      const kept = own.filter(({ misses }) => misses.length === 0)
      return `${wire.padEnd(20)} ${kept.length} of ${own.length} cells as promised`
    }),
    `silent truncations   ${count('no silent truncation')}`,
    `replays              ${count('no replay')}`,
    `recovered            ${recovered.length} of ${recoverable.length}`,
    `through SDKs         ${bySdk.filter(({ misses }) => misses.length === 0).length} of ${bySdk.length} as promised`,
    `${played.length - missed.length} kept, ${missed.length} missed, in ${Math.round(tookMs / 1000)} s`,
  ].join('\n')
}

/** The cells as data. */
export function jsonOf(played: readonly Played[]): object[] {
  return played.map(({ cell, seen, generation, ...rest }) => ({
    fault: cell.fault.name,
    wire: cell.wire,
    mode: cell.mode,
    setup: cell.setup,
    client: cell.client,
    status: seen.status,
    code: seen.code,
    inside: seen.isInside,
    text: seen.text.slice(0, 100),
    finishReason: seen.finishReason,
    retryAfter: seen.retryAfter,
    ...rest,
    generation:
      generation === null
        ? null
        : {
            status: generation.status,
            finishReason: generation.finish_reason,
            usage: generation.usage,
            usageEstimated: generation.usage_estimated,
            outcomes: generation.attempts.map(({ outcome }: { outcome: string }) => outcome),
          },
  }))
}
