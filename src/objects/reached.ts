import { FailureError } from '../chat/failure.ts'
import { stateUnavailable } from '../dispatch/keys.ts'
import { within } from './within.ts'

/** What a part of the gateway's own state answers. One that fails or takes too long is a 503 to the client, not a bug. */
export async function reached<T>(limitMs: number, ask: () => Promise<T>): Promise<T> {
  try {
    return await within(limitMs, ask())
  } catch (error) {
    if (error instanceof FailureError) throw error
    const name = error instanceof Error ? error.name : 'unknown'
    console.error(JSON.stringify({ event: 'state-unavailable', error: name }))
    throw new FailureError(stateUnavailable)
  }
}
