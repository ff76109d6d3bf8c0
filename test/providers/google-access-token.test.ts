import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { AuthorizeError } from '../../src/providers/authorize-error.ts'
import { GoogleAccessTokens, type ServiceAccount, serviceAccountOf } from '../../src/providers/google-access-token.ts'

const startsAt = 1_800_000_000_000
let pem = ''
let publicKey: CryptoKey
let account: ServiceAccount

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true })
  pem = await exportPKCS8(pair.privateKey)
  publicKey = pair.publicKey
  account = accountOf()
})

function keyFile(change: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: 'kid-1',
    private_key: pem,
    client_email: 'me@my-project.example',
    token_uri: 'https://tokens.example/token',
    ...change,
  })
}

function accountOf(change: Record<string, unknown> = {}): ServiceAccount {
  const found = serviceAccountOf(keyFile(change))
  if (!found) throw new Error('No service account.')
  return found
}

/** A token endpoint that counts. */
function endpoint(answer: () => Response | Promise<Response> = granted()) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => answer())
  return { fetch, at: (now: number) => ({ now, fetch }) }
}

function granted(lifetimeSeconds = 3_600): () => Response {
  let made = 0
  return () => Response.json({ access_token: `token-${++made}`, expires_in: lifetimeSeconds, token_type: 'Bearer' })
}

describe('a service account', () => {
  it('is read from its key file', () => {
    expect(account).toEqual({
      clientEmail: 'me@my-project.example',
      privateKey: pem,
      keyId: 'kid-1',
      tokenUri: 'https://tokens.example/token',
      projectId: 'my-project',
    })
    expect(accountOf({ private_key: pem.replaceAll('\n', '\\n') }).privateKey).toBe(pem)
    expect(accountOf({ token_uri: undefined }).tokenUri).toBe('https://oauth2.googleapis.com/token')
  })

  it.each(['', 'AIza-key', '{', '{}', '[]', '{"client_email":"a"}'])('is not in %j', (text) => {
    expect(serviceAccountOf(text)).toBeNull()
  })
})

describe('an access token', () => {
  it('is exchanged for a signed assertion at the account’s own endpoint', async () => {
    const google = endpoint()
    expect(await new GoogleAccessTokens().get(account, google.at(startsAt))).toBe('token-1')
    const [url, init] = google.fetch.mock.calls[0] ?? []
    expect(url).toBe('https://tokens.example/token')
    const form = new URLSearchParams(String(init?.body))
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      currentDate: new Date(startsAt),
    })
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'kid-1' })
    expect(payload).toEqual({
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      iss: 'me@my-project.example',
      aud: 'https://tokens.example/token',
      iat: startsAt / 1_000,
      exp: startsAt / 1_000 + 3_600,
    })
  })

  it('is kept until shortly before it ends', async () => {
    const google = endpoint()
    const tokens = new GoogleAccessTokens()
    expect(await tokens.get(account, google.at(startsAt))).toBe('token-1')
    expect(await tokens.get(account, google.at(startsAt + 54 * 60_000))).toBe('token-1')
    expect(await tokens.get(account, google.at(startsAt + 56 * 60_000))).toBe('token-2')
    // Another key of the same account, and a clock that was set back.
    expect(await tokens.get(accountOf({ token_uri: 'https://other.example' }), google.at(startsAt))).toBe('token-3')
    expect(await tokens.get(account, google.at(startsAt - 3_600_000))).toBe('token-4')
  })

  it('is exchanged once however many requests want it', async () => {
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const grant = granted()
    const google = endpoint(async () => {
      await gate
      return grant()
    })
    const tokens = new GoogleAccessTokens()
    const wanted = Array.from({ length: 20 }, () => tokens.get(account, google.at(startsAt)))
    open()
    expect(new Set(await Promise.all(wanted))).toEqual(new Set(['token-1']))
    expect(google.fetch).toHaveBeenCalledTimes(1)
  })

  it('does not hang on a request that has gone', async () => {
    let calls = 0
    const grant = granted()
    const google = endpoint(async () => {
      if (++calls === 1) throw new Error('The client has gone.')
      return grant()
    })
    const tokens = new GoogleAccessTokens()
    const [first, ...others] = await Promise.allSettled(
      Array.from({ length: 4 }, () => tokens.get(account, google.at(startsAt))),
    )
    expect(first?.status).toBe('rejected')
    expect(others.map((other) => other.status === 'fulfilled' && other.value)).toEqual([
      'token-1',
      'token-1',
      'token-1',
    ])
    expect(calls).toBe(2)
  })

  it('is not waited for without end', async () => {
    vi.useFakeTimers()
    try {
      let calls = 0
      const grant = granted()
      const google = endpoint(() => (++calls === 1 ? new Promise<Response>(() => {}) : grant()))
      const tokens = new GoogleAccessTokens()
      void tokens.get(account, google.at(startsAt))
      await vi.waitFor(() => expect(calls).toBe(1))
      const second = tokens.get(account, google.at(startsAt + 10))
      await vi.advanceTimersByTimeAsync(3_000)
      expect(await second).toBe('token-1')
    } finally {
      vi.useRealTimers()
    }
  })

  it('that is still good is used where a new one is not to be had', async () => {
    const grant = granted()
    let broken = false
    const google = endpoint(() => (broken ? new Response('down', { status: 503 }) : grant()))
    const tokens = new GoogleAccessTokens()
    await tokens.get(account, google.at(startsAt))
    broken = true
    expect(await tokens.get(account, google.at(startsAt + 58 * 60_000))).toBe('token-1')
    await expect(tokens.get(account, google.at(startsAt + 59.8 * 60_000))).rejects.toThrow(AuthorizeError)
  })

  it.each([
    [
      Response.json({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, { status: 400 }),
      'credential',
    ],
    [Response.json({ error: 'internal_failure' }, { status: 500 }), 'server-error'],
    [new Response('slow down', { status: 429, headers: { 'retry-after': '9' } }), 'rate-limited'],
    [Response.json({ id_token: 'no' }), 'credential'],
  ])('that is refused says why: %#', async (response, kind) => {
    const failure = await new GoogleAccessTokens()
      .get(account, endpoint(() => response).at(startsAt))
      .catch((error: unknown) => (error instanceof AuthorizeError ? error.failure : error))
    expect(failure).toMatchObject({ kind, ...(kind === 'rate-limited' ? { retryAfterMs: 9_000 } : {}) })
    expect(JSON.stringify(failure)).not.toContain(pem.slice(40, 80))
  })

  it('is not asked for with a key that is none', async () => {
    const google = endpoint()
    const broken = accountOf({ private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' })
    await expect(new GoogleAccessTokens().get(broken, google.at(startsAt))).rejects.toMatchObject({
      failure: { kind: 'credential' },
    })
    expect(google.fetch).not.toHaveBeenCalled()
  })
})
