import type { EndpointRecord } from '../catalog/records.ts'
import type { Credential, EncodedRequest, Wire } from './wire.ts'

/** The environment as a provider sees it: text variables and secrets by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What `authorize` may use of the outside world, handed in so that a provider stays testable. */
export interface AuthorizeContext {
  /** Epoch milliseconds. */
  now: number
  /** The one egress, for token endpoints. */
  fetch: (url: string, init: RequestInit) => Promise<Response>
}

/** One upstream. Its name appears outside its own file only in the registry. */
export interface Provider {
  /** The catalogue's slug. */
  slug: string
  /** The wire that this endpoint's model speaks there, or null where the model is not a chat model of a wire we speak. */
  wire(endpoint: EndpointRecord): Wire | null
  /**
   * The credential that the environment configures, or null: then the provider is not routable. Where it differs from
   * endpoint to endpoint (a region with a resource of its own), that of `endpoint`.
   */
  credential(variables: Variables, endpoint?: EndpointRecord): Credential | null
  /** False where no credential is needed. Default true. */
  needsCredential?: boolean
  /** Scheme, host and base path for this endpoint; null where settings for it are missing, e.g. a resource name. */
  baseUrl(endpoint: EndpointRecord, variables: Variables): string | null
  /** Adds the credential to an encoded request. May sign it, so nothing may change it afterwards. */
  authorize(
    request: EncodedRequest,
    credential: Credential | null,
    context: AuthorizeContext,
  ): EncodedRequest | Promise<EncodedRequest>
  /** Whether an aborted stream stops being billed there (`openrouter-api.md` §1.12). */
  cancels: boolean
}
