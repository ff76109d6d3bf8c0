import type { Failure } from '../chat/failure.ts'
import { meantBy } from '../routing/did-you-mean.ts'
import { withMeant } from '../routing/refusal.ts'
import { isAlias, routerIds } from '../routing/router-ids.ts'
import type { Gateway } from './gateway.ts'

/**
 * The failure of a request over a model that is not there, with those that may have been meant; any other as it is, and
 * also where the catalogue is out of reach. An alias and a suffix have remedies of their own.
 */
export async function suggest(failure: Failure, { catalog }: Pick<Gateway, 'catalog'>): Promise<Failure> {
  const { availability } = failure
  const [wrongId] = availability?.requested_models ?? []
  if (availability?.code !== 'model_not_found' || availability.fallback_models) return failure
  if (wrongId === undefined || isAlias(wrongId)) return failure
  try {
    const models = await catalog.models()
    return withMeant(failure, meantBy(wrongId, [...routerIds, ...models.map(({ model }) => model.id)]))
  } catch {
    return failure
  }
}
