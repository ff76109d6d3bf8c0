import type { Annotation, AudioDelta, ImagePart, ReasoningDetail } from './parts.ts'

export interface CacheControl {
  type: 'ephemeral'
  ttl?: '5m' | '1h'
}

export interface TextPart {
  type: 'text'
  text: string
  cache_control?: CacheControl
  prompt_cache_breakpoint?: { mode: 'explicit' }
}

export type ContentPart =
  | TextPart
  | {
      type: 'image_url'
      image_url: { url: string; detail?: 'auto' | 'low' | 'high' | 'original' }
      cache_control?: CacheControl
    }
  | { type: 'input_audio'; input_audio: { data: string; format: string }; cache_control?: CacheControl }
  | { type: 'video_url'; video_url: { url: string }; cache_control?: CacheControl }
  | {
      type: 'file'
      file: { filename?: string; file_data?: string; file_id?: string }
      cache_control?: CacheControl
    }

export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export type Message =
  | { role: 'system' | 'developer'; content: string | TextPart[]; name?: string }
  | { role: 'user'; content: string | ContentPart[]; name?: string }
  | {
      role: 'assistant'
      content?: string | ContentPart[] | null
      tool_calls?: ToolCall[]
      reasoning?: string | null
      reasoning_content?: string | null
      reasoning_details?: ReasoningDetail[]
      refusal?: string | null
      images?: ImagePart[]
      audio?: AudioDelta | { id: string } | null
      annotations?: Annotation[]
      name?: string
      /** Which model said it, where a client kept that. */
      model?: string
    }
  | { role: 'tool'; content: string | ContentPart[]; tool_call_id: string; name?: string }

export interface FunctionTool {
  type: 'function'
  function: { name: string; description?: string; parameters?: Record<string, unknown>; strict?: boolean | null }
  cache_control?: CacheControl
  eager_input_streaming?: boolean
}

export type ToolChoice = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } }

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema'
      json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null }
    }
  | { type: 'grammar'; grammar: string }
  | { type: 'python' }

export type Effort = 'max' | 'xhigh' | 'high' | 'medium' | 'low' | 'minimal' | 'none'

export interface ReasoningOptions {
  effort?: Effort | null
  max_tokens?: number | null
  exclude?: boolean
  enabled?: boolean
  summary?: 'auto' | 'concise' | 'detailed' | null
  context?: string | null
  mode?: 'standard' | 'pro' | null
}

/** Dollars a million tokens for `prompt` and `completion`, a unit for the rest; clients send numbers or numeric strings. */
export interface MaxPrice {
  prompt?: number | string
  completion?: number | string
  request?: number | string
  image?: number | string
  audio?: number | string
}

export type PerformanceThreshold = number | { p50?: number; p75?: number; p90?: number; p99?: number }

export type ProviderSort = 'price' | 'throughput' | 'latency' | 'exacto'

export type HedgePercentile = 'p50' | 'p75' | 'p90' | 'p95' | 'p99'

/**
 * When a second endpoint starts beside one that is late: after so many milliseconds, or after a percentile of its own
 * latency. `max_extra_cost`: US dollars that this may add to the request.
 */
export interface HedgePreference {
  after_ms?: number | null
  after?: HedgePercentile | null
  max_extra_cost?: number | string | null
}

/** `provider` of a request (`openrouter-routing.md` §3). */
export interface ProviderPreferences {
  order?: string[] | null
  only?: string[] | null
  ignore?: string[] | null
  allow_fallbacks?: boolean | null
  require_parameters?: boolean | null
  /** An extension: endpoints that cannot be told everything natively, without emulation or change, are left out. */
  strict?: boolean | null
  data_collection?: 'allow' | 'deny' | null
  zdr?: boolean | null
  quantizations?: string[] | null
  sort?: ProviderSort | { by?: ProviderSort | null; partition?: 'model' | 'none' | null } | null
  max_price?: MaxPrice | null
  preferred_min_throughput?: PerformanceThreshold | null
  preferred_max_latency?: PerformanceThreshold | null
  enforce_distillable_text?: boolean | null
  /** An extension: no routers upstream, only companies that run the model themselves. */
  direct_only?: boolean | null
  /** An extension: countries (ISO 3166-1 alpha-2) and blocs (`EU`, `EEA`) that may be the operator's legal home. */
  jurisdictions?: string[] | null
  /** An extension: where an endpoint may process: countries, blocs, and regions by the provider's own name. */
  regions?: string[] | null
  /** An extension. */
  hedge?: HedgePreference | null
}

/**
 * A chat completion request after the border has parsed it: OpenAI's as OpenRouter extends it, in the client's own
 * field names. Fields that the gateway does not know stay on the object and go upstream between same wires.
 */
export interface ChatRequest {
  messages: Message[]
  model?: string
  models?: string[]
  route?: 'fallback' | 'sort' | null
  provider?: ProviderPreferences | null
  stream?: boolean
  max_completion_tokens?: number | null
  max_tokens?: number | null
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  min_p?: number | null
  top_a?: number | null
  frequency_penalty?: number | null
  presence_penalty?: number | null
  repetition_penalty?: number | null
  seed?: number | null
  n?: number | null
  logit_bias?: Record<string, number> | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  stop?: string | string[] | null
  tools?: FunctionTool[]
  tool_choice?: ToolChoice
  parallel_tool_calls?: boolean | null
  response_format?: ResponseFormat | null
  structured_outputs?: boolean
  reasoning?: ReasoningOptions | null
  reasoning_effort?: Effort | null
  include_reasoning?: boolean
  verbosity?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | null
  modalities?: ('text' | 'image' | 'audio')[]
  audio?: { voice: string; format: string }
  prediction?: { type: 'content'; content: string | TextPart[] } | null
  web_search_options?: Record<string, unknown> | null
  cache_control?: CacheControl
  service_tier?: string | null
  session_id?: string
  user?: string
  transforms?: string[]
  /**
   * Calls whose results are errors, by id: what Anthropic's clients say by `is_error`. It stands beside the messages,
   * because OpenAI-shaped providers get those as they are.
   */
  failed_tool_calls?: string[]
  plugins?: ({ id: string; enabled?: boolean } & Record<string, unknown>)[]
  [extra: string]: unknown
}

/** Fields that are ours alone: no provider ever sees them. */
export const gatewayOnlyFields = [
  'models',
  'route',
  'provider',
  'preset',
  'usage',
  'plugins',
  'max_tool_calls',
  'failed_tool_calls',
  'stop_server_tools_when',
  'session_id',
  'user',
  'metadata',
  'trace',
  'debug',
  'transforms',
  'include_reasoning',
  'reasoning',
  'structured_outputs',
  'cache_control',
  'prompt_cache_options',
  'image_config',
  'x_search_filter',
  'speed',
] as const
