import { describe, expect, it } from 'vitest'
import { AuthorizeError } from '../../../src/providers/authorize-error.ts'
import { EntraTokens, type ServicePrincipal } from '../../../src/providers/azure/entra-tokens.ts'

const principal: ServicePrincipal = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
  clientSecret: 'a-very-secret~secret',
}
const hourMs = 3_600_000

/** Entra, which gives out `token-1`, `token-2`, … for an hour each, until it is told to do something else. */
function entra() {
  const calls: { url: string; body: string }[] = []
  const world = {
    now: 1_000_000,
    calls,
    answer: (): Response | Promise<Response> =>
      Response.json({ token_type: 'Bearer', expires_in: 3600, access_token: `token-${calls.length}` }),
    fetch: async (url: string, init: RequestInit) => {
      calls.push({ url, body: String(init.body) })
      return world.answer()
    },
  }
  return world
}

async function failureOf(promise: Promise<unknown>): Promise<AuthorizeError['failure']> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AuthorizeError)) throw error
  return error.failure
}

describe('an access token of a service principal', () => {
  it('is asked for with the secret, in the tenant, for Cognitive Services', async () => {
    const world = entra()
    expect(await new EntraTokens().get(principal, world)).toBe('token-1')
    expect(world.calls[0]?.url).toBe(`https://login.microsoftonline.com/${principal.tenantId}/oauth2/v2.0/token`)
    expect(Object.fromEntries(new URLSearchParams(world.calls[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: principal.clientId,
      client_secret: principal.clientSecret,
      scope: 'https://cognitiveservices.azure.com/.default',
    })
  })

  it('comes from another authority where one is given', async () => {
    const world = entra()
    await new EntraTokens().get({ ...principal, authority: 'https://login.example/' }, world)
    expect(world.calls[0]?.url).toMatch(/^https:\/\/login\.example\/1111/)
  })

  it('is kept until shortly before it ends', async () => {
    const world = entra()
    const tokens = new EntraTokens()
    await tokens.get(principal, world)
    world.now += hourMs - 6 * 60_000
    expect(await tokens.get(principal, world)).toBe('token-1')
    world.now += 2 * 60_000
    expect(await tokens.get(principal, world)).toBe('token-2')
    expect(world.calls).toHaveLength(2)
  })

  it('is renewed by one request while the others go on with the old one', async () => {
    const world = entra()
    const tokens = new EntraTokens()
    await tokens.get(principal, world)
    world.now += hourMs - 60_000
    const all = await Promise.all([1, 2, 3].map(() => tokens.get(principal, world)))
    expect(all).toEqual(['token-2', 'token-1', 'token-1'])
    expect(world.calls).toHaveLength(2)
  })

  it('is still used when it cannot be renewed, but not to its last second', async () => {
    const world = entra()
    const tokens = new EntraTokens()
    await tokens.get(principal, world)
    world.answer = () => Promise.reject(new Error('no route'))
    world.now += hourMs - 60_000
    expect(await tokens.get(principal, world)).toBe('token-1')
    world.now += 40_000
    await expect(tokens.get(principal, world)).rejects.toThrow('no route')
  })

  it('is not believed after the clock was set back', async () => {
    const world = entra()
    const tokens = new EntraTokens()
    await tokens.get(principal, world)
    world.now -= 48 * hourMs
    expect(await tokens.get(principal, world)).toBe('token-2')
  })

  it('belongs to its secret', async () => {
    const world = entra()
    const tokens = new EntraTokens()
    await tokens.get(principal, world)
    expect(await tokens.get({ ...principal, clientSecret: 'another-secret' }, world)).toBe('token-2')
  })

  it.each([
    [400, 'credential'],
    [401, 'credential'],
    [429, 'rate-limited'],
    [503, 'server-error'],
  ])('is refused with %d as %s, without the secret', async (status, kind) => {
    const world = entra()
    world.answer = () =>
      Response.json(
        { error: 'invalid_client', error_description: `AADSTS7000215: ${principal.clientSecret} is wrong` },
        { status, headers: { 'retry-after': '7' } },
      )
    const failure = await failureOf(new EntraTokens().get(principal, world))
    expect(failure).toMatchObject({ kind, upstreamStatus: status, providerCode: 'invalid_client', retryAfterMs: 7_000 })
    expect(JSON.stringify(failure)).not.toContain(principal.clientSecret)
  })

  it('is refused by an answer that holds none', async () => {
    const world = entra()
    world.answer = () => new Response('<html>')
    expect(await failureOf(new EntraTokens().get(principal, world))).toEqual({
      kind: 'credential',
      message: 'The provider gave no access token for the service principal.',
      upstreamStatus: 200,
    })
  })
})
