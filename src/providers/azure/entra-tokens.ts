import type { AuthorizeContext } from '../provider.ts'
import { readTokenAnswer } from '../token-answer.ts'

/** An application of a tenant that was given a role on the resource. */
export interface ServicePrincipal {
  tenantId: string
  clientId: string
  clientSecret: string
  /** `https://login.microsoftonline.com`, where it is not another cloud's. */
  authority?: string
}

interface KeptToken {
  token: string
  /** Epoch milliseconds. */
  endsAt: number
  /** When a request last set out to renew it. */
  renewingAt: number
}

const scope = 'https://cognitiveservices.azure.com/.default'
const longestLifetimeMs = 24 * 3_600_000
/** A token is renewed this long before it ends; meanwhile, and where renewing fails, the old one is used … */
const renewBeforeMs = 5 * 60_000
/** … up to here: a request may take a while until it is checked. */
const useBeforeMs = 30_000
/** For how long one request's renewal keeps the others from trying. */
const renewalMs = 10_000
/** Principals of customers come and go; a token is two kilobytes. */
const maxTokens = 200

/**
 * Access tokens of service principals by the client credentials flow, kept in isolate memory until shortly before they
 * end. Requests never wait for each other's exchange: a Worker's I/O belongs to one request and may vanish with it.
 */
export class EntraTokens {
  readonly #tokens = new Map<string, KeptToken>()

  /** Rejects with an `AuthorizeError` where Entra refuses, and with the fetch's own error where it is not reached. */
  async get(principal: ServicePrincipal, context: AuthorizeContext): Promise<string> {
    // The secret is part of it: a replaced secret must not live on the token of the old one.
    const { tenantId, clientId, clientSecret, authority } = principal
    const id = [authority, tenantId, clientId, clientSecret].join('\n')
    const { now } = context
    const kept = this.#tokens.get(id)
    const leftMs = kept === undefined ? 0 : kept.endsAt - now
    // What is left of a token from the future is not known: the clock that made it was wrong.
    const usable = kept !== undefined && leftMs > useBeforeMs && leftMs <= longestLifetimeMs
    if (usable && (leftMs > renewBeforeMs || Math.abs(now - kept.renewingAt) < renewalMs)) return kept.token
    if (kept) kept.renewingAt = now
    try {
      return await this.#exchange(id, principal, context)
    } catch (error) {
      if (usable) return kept.token
      throw error
    }
  }

  async #exchange(id: string, principal: ServicePrincipal, context: AuthorizeContext): Promise<string> {
    const authority = (principal.authority ?? 'https://login.microsoftonline.com').replace(/\/+$/, '')
    const url = `${authority}/${encodeURIComponent(principal.tenantId)}/oauth2/v2.0/token`
    const response = await context.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: principal.clientId,
        client_secret: principal.clientSecret,
        scope,
      }).toString(),
    })
    const whose = 'service principal'
    const { token, lastsMs = renewBeforeMs } = await readTokenAnswer(response, whose, principal.clientSecret)
    const endsAt = context.now + Math.min(lastsMs, longestLifetimeMs)
    this.#tokens.delete(id)
    this.#tokens.set(id, { token, endsAt, renewingAt: Number.NEGATIVE_INFINITY })
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= maxTokens) break
      this.#tokens.delete(oldest)
    }
    return token
  }
}
