/** Prices in US dollars, as decimal strings without exponent: tokens a single token, the rest a unit. A missing key is "not priced". */
export interface PriceRecord {
  prompt: string
  completion: string
  cacheRead?: string
  cacheWrite?: string
  cacheWrite1h?: string
  reasoning?: string
  audioInput?: string
  audioOutput?: string
  image?: string
  imageOutput?: string
  request?: string
}

/** A long-context price: replaces the named keys for the whole request when prompt tokens exceed `abovePromptTokens`. */
export interface PriceTier extends Partial<PriceRecord> {
  abovePromptTokens: number
}

/** The most conservative reading of all claims on record; null means unknown and is routed as the worst case. */
export interface DataPolicy {
  trains: boolean | null
  retainsPrompts: boolean | null
  retentionDays: number | null
  zdr: 'default' | 'on-request' | 'none-found' | null
  /**
   * Who claims zero retention by default. What an aggregator negotiated for its own traffic binds nobody else, so only
   * the vendor's word, or the operator's, may be shown as zero retention here.
   */
  zeroRetentionStatedBy?: 'vendor' | 'aggregator' | 'operator' | null
  asOf: string | null
  /** The claims on record disagree; the fields above take the worst of them. */
  conflict?: boolean
  /** Ids of the claims on record. */
  sources?: string[]
}

export interface ProviderRecord {
  slug: string
  name: string
  kind: 'lab' | 'cloud' | 'router' | 'sandbox'
  /** False for routers: they forward to somebody else. */
  direct: boolean
  headquarters: string | null
  datacenters: string[] | null
  baseUrl: string | null
  /** Which server software answers there, for providers that the operator runs; null for everybody else's. */
  engine?: string | null
  privacyPolicyUrl: string | null
  termsOfServiceUrl: string | null
  statusPageUrl: string | null
  dataPolicy: DataPolicy
}

export type Quantization = 'int4' | 'int8' | 'fp4' | 'fp6' | 'fp8' | 'fp16' | 'bf16' | 'fp32' | 'unknown'
export type Modality =
  | 'text'
  | 'image'
  | 'audio'
  | 'video'
  | 'file'
  | 'embeddings'
  | 'rerank'
  | 'speech'
  | 'transcription'

/** One provider's deployment of one model: what routing chooses among. */
export interface EndpointRecord {
  /** Unique: `provider[/region][/variant]:author/slug`. */
  id: string
  model: string
  provider: ProviderRecord
  /** The routable slug that `provider.only` and `order` match: `provider[/region][/variant]`. */
  tag: string
  /** The model id that the provider's own API takes. */
  upstreamId: string
  region: string | null
  /** `yes`: tied to the EU. Anything else is not routable on the EU host. */
  eu: 'yes' | 'selectable' | 'no' | null
  variant: string | null
  /** Tokens; null where nobody says. */
  contextLength: number | null
  maxOutputTokens: number | null
  maxPromptTokens: number | null
  quantization: Quantization | null
  inputModalities: Modality[]
  outputModalities: Modality[]
  /** Names of supported request parameters; null where nobody says. */
  parameters: string[] | null
  price: PriceRecord
  tiers: PriceTier[]
  free: boolean
  implicitCaching: boolean
  status: 'alpha' | 'beta' | 'deprecated' | null
}

export interface ModelRecord {
  id: string
  canonicalSlug: string
  name: string
  author: string
  description: string
  huggingFaceId: string | null
  /** Unix seconds. */
  created: number
  knowledgeCutoff: string | null
  tokenizer: string | null
  reasoning: { supported: boolean; mandatory: boolean; efforts: string[] | null }
  moderated: boolean
  inputModalities: Modality[]
  outputModalities: Modality[]
  contextLength: number | null
  maxOutputTokens: number | null
}

/** Everything routing needs to know about one model. */
export interface ModelEntry {
  model: ModelRecord
  endpoints: EndpointRecord[]
  /** Which catalogue this is, so that a past decision can be replayed. */
  version: string
}
