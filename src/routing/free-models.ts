import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { converses } from './converses.ts'
import { isFree } from './model-id.ts'

/** The models that `openrouter/free` draws from: someone serves them for nothing here. The sandbox only for want of others. */
export function freeModels(
  models: readonly ModelEntry[],
  isOpen: (endpoint: EndpointRecord) => boolean,
): readonly ModelEntry[] {
  const pool = models.filter(
    ({ model, endpoints }) => converses(model) && endpoints.some((endpoint) => isFree(endpoint) && isOpen(endpoint)),
  )
  const real = pool.filter(({ endpoints }) => endpoints.some(({ provider }) => provider.kind !== 'sandbox'))
  return real.length > 0 ? real : pool
}

/** The items in an even random order, drawn one by one as they are asked for. */
export function* drawn<T>(items: readonly T[], random: () => number): Generator<T> {
  const rest = [...items]
  while (rest.length > 0) {
    const index = Math.floor(random() * rest.length)
    const item = rest[index] as T
    rest[index] = rest.at(-1) as T
    rest.pop()
    yield item
  }
}
