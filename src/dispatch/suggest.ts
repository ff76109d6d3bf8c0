import { isInRegion } from '../catalog/region.ts'
import type { Failure } from '../chat/failure.ts'
import { meantBy } from '../routing/did-you-mean.ts'
import { withMeant } from '../routing/refusal.ts'
import { isAlias, routerIds } from '../routing/router-ids.ts'
import type { Gateway } from './gateway.ts'
import { inTime } from './in-time.ts'

/** A client that made a mistake is told of it soon, with a suggestion or without. */
const patienceMs = 1_000

/**
 * The failure of a request over a model that is not there, with those that may have been meant; any other as it is, and
 * also where the catalogue is out of reach. An alias and a suffix have remedies of their own.
 */
export async function suggest(
  failure: Failure,
  gateway: Pick<Gateway, 'catalog' | 'access' | 'settings'>,
): Promise<Failure> {
  const { availability } = failure
  const [wrongId] = availability?.requested_models ?? []
  if (availability?.code !== 'model_not_found' || availability.fallback_models) return failure
  if (wrongId === undefined || isAlias(wrongId)) return failure
  const models = await inTime(
    Promise.resolve(gateway.catalog.models()).catch(() => null),
    patienceMs,
  )
  if (models === null) return failure
  const meant = meantBy(
    wrongId,
    models.map(({ model }) => model.id),
    routerIds,
  )
  const { region } = gateway.settings
  const usable = meant.filter((id) =>
    models.some(
      ({ model, endpoints }) =>
        model.id === id &&
        endpoints.some((endpoint) => isInRegion(endpoint, region) && gateway.access(endpoint) !== null),
    ),
  )
  return withMeant(failure, meant, usable)
}
