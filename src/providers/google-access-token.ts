import { importPKCS8, SignJWT } from 'jose'
import { AuthorizeError } from './authorize-error.ts'
import { asRecord, asText } from './foreign-json.ts'
import type { AuthorizeContext } from './provider.ts'
import { readTokenAnswer } from './token-answer.ts'

/** What is needed of a service account's JSON key. */
export interface ServiceAccount {
  clientEmail: string
  /** PKCS #8 as PEM. */
  privateKey: string
  keyId?: string
  tokenUri: string
  projectId?: string
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const lifetimeMs = 3_600_000
/** A token is renewed this long before it ends (`providers-clouds.md`, vertex) … */
const renewBeforeMs = 5 * 60_000
/** … and used up to here where renewing fails: a request may take a while until it is checked. */
const useBeforeMs = 30_000
/** For how long another request's exchange is waited for. */
const patienceMs = 3_000
/** Accounts of customers come and go; a token is a kilobyte. */
const maxTokens = 200

/** The service account in a JSON key file's text, or null where it is none. */
export function serviceAccountOf(text: string): ServiceAccount | null {
  if (!text.trimStart().startsWith('{')) return null
  let key: Record<string, unknown> | undefined
  try {
    key = asRecord(JSON.parse(text))
  } catch {
    return null
  }
  const clientEmail = asText(key?.client_email)
  const privateKey = asText(key?.private_key)
  if (clientEmail === undefined || privateKey === undefined) return null
  const keyId = asText(key?.private_key_id)
  const projectId = asText(key?.project_id)
  return {
    clientEmail,
    // Shells and `.env` files escape line breaks once more.
    privateKey: privateKey.replaceAll('\\n', '\n'),
    tokenUri: asText(key?.token_uri) ?? 'https://oauth2.googleapis.com/token',
    ...(keyId === undefined ? {} : { keyId }),
    ...(projectId === undefined ? {} : { projectId }),
  }
}

interface KeptToken {
  token: string
  /** Epoch milliseconds. */
  endsAt: number
}

interface Exchange {
  startedAt: number
  token: Promise<string>
}

/**
 * Access tokens of service accounts, kept in isolate memory until shortly before they end. However many requests need
 * one at once, one of them exchanges; the others wait for it, but not for a request that has gone.
 */
export class GoogleAccessTokens {
  readonly #tokens = new Map<string, KeptToken>()
  readonly #exchanges = new Map<string, Exchange>()

  /** Rejects with an `AuthorizeError` where Google refuses, and with the fetch's own error where it is not reached. */
  async get(account: ServiceAccount, context: AuthorizeContext): Promise<string> {
    // The key is part of it: a replaced key must not live on the token of the old one.
    const id = `${account.clientEmail}\n${account.tokenUri}\n${account.privateKey}`
    const kept = this.#tokens.get(id)
    // A token from the future was made by a clock that was wrong.
    const leftMs = kept === undefined ? 0 : kept.endsAt - context.now
    if (kept && leftMs > renewBeforeMs && leftMs <= lifetimeMs) return kept.token
    try {
      return await this.#renewed(id, account, context, null)
    } catch (error) {
      if (kept && leftMs > useBeforeMs && leftMs <= lifetimeMs) return kept.token
      throw error
    }
  }

  async #renewed(
    id: string,
    account: ServiceAccount,
    context: AuthorizeContext,
    tried: Exchange | null,
  ): Promise<string> {
    const going = this.#exchanges.get(id)
    if (going && going !== tried && Math.abs(context.now - going.startedAt) < patienceMs) {
      const token = await outcomeOf(going.token)
      return token ?? this.#renewed(id, account, context, going)
    }
    const exchange: Exchange = { startedAt: context.now, token: this.#exchange(id, account, context) }
    this.#exchanges.set(id, exchange)
    try {
      return await exchange.token
    } finally {
      if (this.#exchanges.get(id) === exchange) this.#exchanges.delete(id)
    }
  }

  async #exchange(id: string, account: ServiceAccount, context: AuthorizeContext): Promise<string> {
    const assertion = await signedAssertion(account, context.now)
    const response = await context.fetch(account.tokenUri, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion,
      }).toString(),
    })
    const { token, lastsMs = lifetimeMs } = await readTokenAnswer(response, 'service account', account.privateKey)
    this.#tokens.delete(id)
    this.#tokens.set(id, { token, endsAt: context.now + Math.min(lastsMs, lifetimeMs) })
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= maxTokens) break
      this.#tokens.delete(oldest)
    }
    return token
  }
}

/**
 * The token of another request's exchange. Null where that request broke off or never comes back, because its context
 * is gone and with it its I/O; what Google itself refused is refused to this one too.
 */
function outcomeOf(token: Promise<string>): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), patienceMs)
    token
      .then(resolve, (error: unknown) => (error instanceof AuthorizeError ? reject(error) : resolve(null)))
      .finally(() => clearTimeout(timer))
  })
}

async function signedAssertion(account: ServiceAccount, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1_000)
  try {
    const key = await importPKCS8(account.privateKey, 'RS256')
    return await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(account.keyId === undefined ? {} : { kid: account.keyId }) })
      .setIssuer(account.clientEmail)
      .setAudience(account.tokenUri)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeMs / 1_000)
      .sign(key)
  } catch {
    throw new AuthorizeError({ kind: 'credential', message: 'The service account has no usable private key.' })
  }
}
