import { Hono } from 'hono/tiny'
import { FailureError } from '../chat/failure.ts'
import { stateUnavailable } from '../dispatch/keys.ts'
import { readBody } from '../edge/body.ts'
import { isObject, type JsonObject, quote } from '../edge/check.ts'
import { parseBody } from '../edge/json-body.ts'
import { type AccountPreferences, accountPreferences } from '../routing/merge-preferences.ts'
import { managementCaller } from './authenticate.ts'
import { provider } from './chat-completions/schema.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

/** Every isolate holds the settings in memory and goes through their lists with every request. */
const maxCharacters = 16_000

/**
 * `/settings/routing`, beyond the contract: the account's defaults for `provider`, by the fields' own names. `PUT`
 * replaces all of them; `{}` takes them away.
 */
export const settings = new Hono<SurfaceEnv>()
  .get('/settings/routing', async (c) => {
    await managementCaller(c)
    return c.json({ data: (await orUnavailable(c.env.gateway.account.readRouting())) ?? {} })
  })
  .put('/settings/routing', async (c) => {
    await managementCaller(c)
    const preferences = parseAccountPreferences(await readObject(c))
    await orUnavailable(c.env.gateway.account.replaceRouting(preferences))
    return c.json({ data: preferences })
  })

const percentiles = ['p50', 'p75', 'p90', 'p99']
const partsOf: Record<string, readonly string[]> = {
  sort: ['by', 'partition'],
  max_price: ['prompt', 'completion', 'request', 'image', 'audio'],
  preferred_min_throughput: percentiles,
  preferred_max_latency: percentiles,
}

/** Whatever it holds: settings are stricter than requests. */
async function readObject(c: SurfaceContext): Promise<JsonObject> {
  return parseBody(await readBody(c.req.raw, c.env.gateway.settings.maxBodyBytes), () => null)
}

/** @throws FailureError 400 that names the field */
function parseAccountPreferences(given: JsonObject): AccountPreferences {
  for (const field of Object.keys(given)) {
    // In a request an unknown field is harmless; here it is a rule that somebody believes to be in force.
    if ((accountPreferences as readonly string[]).includes(field)) continue
    throw invalid(`${quote(field)} is no routing setting. There are ${accountPreferences.join(', ')}.`, field)
  }
  for (const [field, parts] of Object.entries(partsOf)) {
    const unknown = Object.keys(isObject(given[field]) ? given[field] : {}).find((part) => !parts.includes(part))
    if (unknown !== undefined)
      throw invalid(`${field} has ${parts.join(', ')}, and no ${quote(unknown)}.`, `${field}.${unknown}`)
  }
  const problem = provider(given)
  if (problem !== null) {
    const field = problem.path.replace(/^\./, '')
    throw invalid(`${field} ${problem.message}.`, field)
  }
  if (JSON.stringify(given).length > maxCharacters)
    throw invalid(`Routing settings must have at most ${maxCharacters} characters of JSON.`)
  // The checks above are what makes them some.
  return given
}

function invalid(message: string, field?: string): FailureError {
  return new FailureError({
    type: 'invalid_request',
    message,
    ...(field === undefined ? {} : { metadata: { field: field.slice(0, 64) } }),
  })
}

async function orUnavailable<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch {
    throw new FailureError(stateUnavailable)
  }
}
