import { parseExactJson } from '../exact-json.ts'
import type { EncodedRequest, Wire } from '../wire.ts'
import { deploymentOf } from './deployments.ts'

/** A wire as it is spoken at a resource: by the name of the deployment, and with the query of the address at its end. */
export function atResource(wire: Wire): Wire {
  return {
    ...wire,
    encode(input) {
      const { target } = input
      const [baseUrl = '', query] = target.baseUrl.split('?', 2)
      const encoded = wire.encode({ ...input, target: { ...target, baseUrl } })
      const { upstreamId } = target.endpoint
      return {
        ...encoded,
        url: query === undefined ? encoded.url : `${encoded.url}?${query}`,
        headers: headersOf(encoded, baseUrl),
        body: withModel(encoded.body, upstreamId, deploymentOf(upstreamId, target.credential?.extra?.DEPLOYMENTS)),
      }
    },
  }
}

/** Foundry's inference API refuses what it doesn't know, unless it is told to hand it to the model. */
function headersOf({ headers }: EncodedRequest, baseUrl: string): Record<string, string> {
  return baseUrl.endsWith('/models') ? { ...headers, 'extra-parameters': 'pass-through' } : headers
}

/** Encoders put the model first, so that a prompt of megabytes need not be parsed for it. */
function withModel(body: string, model: string, deployment: string): string {
  if (model === deployment) return body
  const head = `{"model":${JSON.stringify(model)}`
  if (body.startsWith(head)) return `{"model":${JSON.stringify(deployment)}${body.slice(head.length)}`
  return JSON.stringify({ ...(parseExactJson(body) as object), model: deployment })
}
