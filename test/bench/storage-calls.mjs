import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './contestants.mjs'

/** How late the counting Worker answers each call to storage. */
const lateMs = 50

/**
 * What one request of a warm isolate asks of storage before it calls the upstream.
 *
 * @param {import('./contestants.mjs').Contestant} contestant one that counts
 * @returns {Promise<{ awaited: string[], inBackground: string[], roundTrips: number }>} `awaited`: calls whose answer was
 *   there when the upstream was called. `inBackground`: calls begun by then whose answer was not waited for.
 *   `roundTrips`: by the clock, how many one after the other fit into the time before the upstream was called
 */
export async function storageCalls(contestant, upstream, driver) {
  const worker = await contestant.start()
  try {
    const target = { port: worker.port, requests: contestant.requests({ upstream }) }
    await ask(driver, { kind: 'alternate', targets: [target], count: 1 })
    // Until what the first request began behind its answer is over.
    await sleep(2_000)
    await ask(driver, { kind: 'alternate', targets: [target], count: 1 })
    const notes = await (await fetch(`http://127.0.0.1:${worker.port}/bench/notes`)).json()
    const calledAt = notes.findIndex(({ what }) => what === 'calls the upstream')
    const before = notes.slice(0, calledAt).map(({ what }) => what)
    const awaited = before.flatMap((what) => (what.startsWith('has ') ? [what.slice(4)] : []))
    const begun = before.flatMap((what) => (what.startsWith('asks ') ? [what.slice(5)] : []))
    for (const what of awaited) begun.splice(begun.indexOf(what), 1)
    return { awaited, inBackground: begun, roundTrips: Math.floor(notes[calledAt].atMs / lateMs) }
  } finally {
    await worker.stop()
  }
}
