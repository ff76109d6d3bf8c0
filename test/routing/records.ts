import type { EndpointRecord, ModelEntry, ModelRecord, ProviderRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { calmHealth, type EndpointHealth } from '../../src/routing/health.ts'
import { needsOf } from '../../src/routing/needs.ts'
import type { PlanInput } from '../../src/routing/plan.ts'

export function providerRecord(slug: string, changes: Partial<ProviderRecord> = {}): ProviderRecord {
  return {
    slug,
    name: slug.replace(/^./, (letter) => letter.toUpperCase()),
    kind: 'cloud',
    direct: true,
    headquarters: null,
    datacenters: null,
    baseUrl: `https://${slug}.example/v1`,
    privacyPolicyUrl: null,
    termsOfServiceUrl: null,
    statusPageUrl: null,
    dataPolicy: { trains: null, retainsPrompts: null, retentionDays: null, zdr: null, asOf: null },
    ...changes,
  }
}

/** An endpoint of model `acme/m1` at a tag such as `beta/eu`, priced in dollars a million tokens. */
export function endpointRecord(
  tag: string,
  perMillion = 1,
  changes: Partial<EndpointRecord> & { policy?: Partial<ProviderRecord['dataPolicy']>; direct?: boolean } = {},
): EndpointRecord {
  const { policy, direct, ...rest } = changes
  const model = rest.model ?? 'acme/m1'
  const slug = tag.split('/')[0] ?? tag
  const provider = providerRecord(slug, direct === undefined ? {} : { direct })
  const price = (perMillion / 1e6).toFixed(12)
  return {
    id: `${tag}:${model}`,
    model,
    provider: { ...provider, dataPolicy: { ...provider.dataPolicy, ...policy } },
    tag,
    upstreamId: 'm1',
    region: null,
    eu: null,
    variant: null,
    contextLength: 100_000,
    maxOutputTokens: 10_000,
    maxPromptTokens: null,
    quantization: null,
    inputModalities: ['text'],
    outputModalities: ['text'],
    parameters: ['max_tokens', 'temperature', 'tools', 'tool_choice'],
    price: { prompt: price, completion: price },
    tiers: [],
    free: false,
    implicitCaching: false,
    status: null,
    ...rest,
  }
}

export function modelRecord(id = 'acme/m1', changes: Partial<ModelRecord> = {}): ModelRecord {
  return {
    id,
    canonicalSlug: id,
    name: id,
    author: id.split('/')[0] ?? id,
    description: '',
    huggingFaceId: null,
    created: 0,
    knowledgeCutoff: null,
    tokenizer: null,
    reasoning: { supported: false, mandatory: false, efforts: null },
    moderated: false,
    inputModalities: ['text'],
    outputModalities: ['text'],
    contextLength: 100_000,
    maxOutputTokens: 10_000,
    ...changes,
  }
}

export function modelEntry(endpoints: EndpointRecord[], id = endpoints[0]?.model ?? 'acme/m1'): ModelEntry {
  return { model: modelRecord(id), endpoints, version: 'v1' }
}

export function healthy(changes: Partial<EndpointHealth> = {}): EndpointHealth {
  return { ...calmHealth, ...changes }
}

export const noon = Date.UTC(2026, 10, 21, 12)

type Given = Omit<Partial<PlanInput>, 'health'> & {
  /** By tag. */
  health?: Record<string, EndpointHealth>
}

/** A plan input for one model's endpoints (or several models'), with a request that is plain where nothing is given. */
export function planInput(
  endpoints: EndpointRecord[] | EndpointRecord[][],
  request: Partial<ChatRequest> = {},
  given: Given = {},
): PlanInput {
  const { health = {}, ...rest } = given
  const models = (Array.isArray(endpoints[0]) ? endpoints : [endpoints]) as EndpointRecord[][]
  return {
    needs: needsOf({ messages: [{ role: 'user', content: 'Hello' }], ...request }),
    entries: models.map((one) => ({ requestedId: one[0]?.model ?? 'acme/m1', entry: modelEntry(one) })),
    region: 'global',
    usable: () => true,
    health: (endpoint) => health[endpoint.tag],
    seed: 1,
    now: noon,
    ...rest,
  }
}
