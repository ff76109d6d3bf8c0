import type { EndpointRecord, ModelEntry, ModelRecord, ProviderRecord } from '../../src/catalog/records.ts'

export function providerRecord(change: Partial<ProviderRecord> = {}): ProviderRecord {
  return {
    slug: 'acme',
    name: 'Acme',
    kind: 'lab',
    direct: true,
    headquarters: 'FR',
    datacenters: ['FR'],
    baseUrl: 'https://api.acme.example/v1',
    privacyPolicyUrl: null,
    termsOfServiceUrl: null,
    statusPageUrl: null,
    dataPolicy: { trains: null, retainsPrompts: null, retentionDays: null, zdr: null, asOf: null },
    ...change,
  }
}

export function endpointRecord(change: Partial<EndpointRecord> = {}): EndpointRecord {
  const provider = change.provider ?? providerRecord()
  const tag = change.tag ?? provider.slug
  const model = change.model ?? 'acme/m1'
  return {
    id: `${tag}:${model}`,
    model,
    provider,
    tag,
    upstreamId: 'm1',
    region: null,
    eu: null,
    variant: null,
    contextLength: 100_000,
    maxOutputTokens: 8_000,
    maxPromptTokens: null,
    quantization: null,
    inputModalities: ['text'],
    outputModalities: ['text'],
    parameters: ['temperature', 'tools', 'tool_choice'],
    price: { prompt: '0.000003', completion: '0.000015' },
    tiers: [],
    free: false,
    implicitCaching: false,
    status: null,
    ...change,
  }
}

export function modelEntry(change: Partial<ModelRecord> = {}, endpoints?: EndpointRecord[]): ModelEntry {
  const id = change.id ?? 'acme/m1'
  return {
    model: {
      id,
      canonicalSlug: id,
      name: 'M1',
      author: 'acme',
      description: 'A model.',
      huggingFaceId: null,
      created: 1_780_000_000,
      knowledgeCutoff: null,
      tokenizer: null,
      reasoning: { supported: false, mandatory: false, efforts: null },
      moderated: false,
      inputModalities: ['text'],
      outputModalities: ['text'],
      contextLength: 100_000,
      maxOutputTokens: 8_000,
      ...change,
    },
    endpoints: endpoints ?? [endpointRecord({ model: id })],
    version: 'v1',
  }
}
