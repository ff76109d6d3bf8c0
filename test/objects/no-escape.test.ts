import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openEgress } from '../../src/edge/egress.ts'
import { EntraTokens } from '../../src/providers/azure/entra-tokens.ts'
import { GoogleAccessTokens } from '../../src/providers/google-access-token.ts'
import { forbiddenAddresses, forbiddenSchemes } from '../edge/forbidden-addresses.ts'
import { newKey, newModel, openFaultyWorld, wholeAnswer } from '../support/faulty-state.ts'
import { migrate } from '../support/migrations.ts'

const forbidden = [
  ...forbiddenAddresses,
  ...forbiddenSchemes,
  'not a URL',
  '//evil.example',
  'http://api.openai.com/v1',
]

beforeAll(() => migrate(env.DB))
afterEach(() => {
  vi.restoreAllMocks()
})

describe('an operator’s base URL in production', () => {
  it('that leads into a private network is listed as unusable and never called', async () => {
    const variables = await newModel(
      ...forbidden.map((_, index) => ({ provider: `p${index}`, model: `escape/m${index}` })),
    )
    forbidden.forEach((url, index) => {
      variables[`P${index}_BASE_URL`] = url
    })
    const world = await openFaultyWorld({ ...variables, ENVIRONMENT: 'production' })
    const { key } = await newKey({ rateLimit: { requests: 0, windowMs: 1_000 } })
    for (const [index, url] of forbidden.entries()) {
      const model = `escape/m${index}`
      const response = await world.chat(key, { model, stream: index % 2 === 0 })
      expect([url, response.status]).toEqual([url, 404])
      expect(await response.text()).not.toContain('127.0.0.1')
    }
    expect(world.upstream).toEqual([])
  })

  it('is called where it is public, and redirects of it are not followed', async () => {
    const variables = await newModel({ provider: 'open', model: 'escape/open' })
    const world = await openFaultyWorld({ ...variables, ENVIRONMENT: 'production' })
    const { key } = await newKey()
    const inits: RequestInit[] = []
    world.answer = (_, init) => {
      inits.push(init)
      return inits.length > 1
        ? new Response(null, { status: 307, headers: { location: 'http://169.254.169.254/' } })
        : wholeAnswer()
    }
    expect((await world.chat(key, { model: 'escape/open' })).status).toBe(200)
    expect((await world.chat(key, { model: 'escape/open' })).status).toBe(502)
    expect(inits.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
    expect(new Set(world.upstream)).toEqual(new Set(['https://open.example/v1/chat/completions']))
  })
})

describe('the cache of the catalogue', () => {
  it('is that of one address: another deployment of the zone may reach other servers by the same names', async () => {
    const variables = await newModel({ provider: 'zoned', model: 'escape/zoned' })
    const put = vi.spyOn(caches.default, 'put')
    const world = await openFaultyWorld(variables)
    const { key } = await newKey()
    expect((await world.chat(key, { model: 'escape/zoned' })).status).toBe(200)
    await world.settled()
    const kept = put.mock.calls.map(([url]) => decodeURIComponent(String(url)))
    expect(kept.length).toBeGreaterThan(0)
    for (const url of kept) expect(url).toContain('/http://gateway.test/')
  })
})

describe('media of a request', () => {
  it('are never fetched by the gateway, and private ones never handed on', async () => {
    const variables = await newModel({ provider: 'seeing', model: 'escape/seeing', inputModalities: ['text', 'image'] })
    const world = await openFaultyWorld({ ...variables, ENVIRONMENT: 'production' })
    const { key } = await newKey()
    const ask = (url: string) =>
      world.chat(key, {
        model: 'escape/seeing',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
      })
    const sent: string[] = []
    world.answer = (_, init) => {
      sent.push(String(init.body))
      return wholeAnswer()
    }
    expect((await ask('https://pictures.example/a.png')).status).toBe(200)
    expect((await ask('https://10.0.0.1/a.png')).status).toBe(400)
    expect(world.upstream).toEqual(['https://seeing.example/v1/chat/completions'])
    expect(sent[0]).toContain('https://pictures.example/a.png')
  })
})

describe('the address of a token endpoint', () => {
  it('in a service account or a principal leads into no private network', async () => {
    const opened: string[] = []
    const fetch = openEgress({
      environment: 'production',
      fetch: async (url) => {
        opened.push(url)
        return Response.json({ access_token: 'x' })
      },
    })
    const { privateKey } = await crypto.subtle
      .generateKey(
        { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
        true,
        ['sign', 'verify'],
      )
      .then((pair) => pair as CryptoKeyPair)
    const der = new Uint8Array((await crypto.subtle.exportKey('pkcs8', privateKey)) as ArrayBuffer)
    const pem = `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...der))}\n-----END PRIVATE KEY-----`
    const context = { now: Date.now(), fetch }
    for (const url of forbidden) {
      const account = { clientEmail: 'a@b', privateKey: pem, tokenUri: url }
      await expect(new GoogleAccessTokens().get(account, context), url).rejects.toThrow()
      const principal = { tenantId: 't', clientId: 'c', clientSecret: 's', authority: url }
      await expect(new EntraTokens().get(principal, context), url).rejects.toThrow()
    }
    expect(opened).toEqual([])
  })
})
