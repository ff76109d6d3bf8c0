import {
  anyObject,
  boolean,
  type Check,
  integer,
  isObject,
  list,
  mustBe,
  name,
  nullable,
  number,
  object,
  oneOf,
  problem,
  quote,
  record,
  string,
  stringOr,
  tagged,
  text,
  under,
} from '../../edge/check.ts'
import { cacheControl, message, textOnly } from './messages-schema.ts'
import { routerPlugins } from './router-plugins.ts'
import { flatFunction, toolChoice, tools } from './tools-schema.ts'

const efforts = oneOf(['max', 'xhigh', 'high', 'medium', 'low', 'minimal', 'none'])
/** Every name is held against every endpoint. */
const names = list(name, { max: 1_000, what: 'an array of strings' })

const price: Check = (value) => {
  // The length first: the pattern backtracks, and a number needs no more.
  const isNumeric = typeof value === 'string' && value.length <= 40 && /^\d*\.?\d+(?:[eE][+-]?\d+)?$/.test(value)
  const parsed = isNumeric ? Number(value) : value
  return typeof parsed === 'number' && parsed >= 0 && Number.isFinite(parsed)
    ? null
    : problem('must be a price: a number of at least 0 or such a number as a string')
}

const positive = number(0, Number.POSITIVE_INFINITY)
const percentiles = object({ p50: positive, p75: positive, p90: positive, p99: positive })
const threshold: Check = (value) =>
  typeof value === 'number'
    ? positive(value)
    : isObject(value)
      ? percentiles(value)
      : mustBe('a number or an object of percentiles', value)

const sorts = oneOf(['price', 'throughput', 'latency', 'exacto'])
const sortOptions = object({ by: sorts, partition: oneOf(['model', 'none']) })
const namedFunction = object({ name }, ['name'])

/** A place that is misspelt would leave no endpoint; a list without end would be walked for each of them. */
const places = (pattern: RegExp, what: string) =>
  list(string({ min: 1, max: 64, pattern, what }), { max: 64, what: 'an array of places' })

const hedgeFields = object({
  after_ms: number(1, 600_000),
  after: oneOf(['p50', 'p75', 'p90', 'p95', 'p99']),
  max_extra_cost: price,
})
const hedge: Check = (value) => {
  const wrong = hedgeFields(value)
  if (wrong !== null || !isObject(value) || (value.after_ms === undefined) !== (value.after === undefined)) return wrong
  return problem('needs one of after_ms (milliseconds) and after (a percentile, e.g. "p95")')
}

/** `provider`, of a request and of the account's defaults. */
export const provider = object({
  order: names,
  only: names,
  ignore: names,
  allow_fallbacks: boolean,
  require_parameters: boolean,
  strict: boolean,
  data_collection: oneOf(['allow', 'deny']),
  zdr: boolean,
  quantizations: list(
    oneOf(['int4', 'int8', 'fp4', 'mxfp4', 'nvfp4', 'fp6', 'fp8', 'mxfp8', 'fp16', 'bf16', 'fp32', 'unknown']),
    { max: 64 },
  ),
  sort: (value) => (isObject(value) ? sortOptions(value) : sorts(value)),
  max_price: object({ prompt: price, completion: price, request: price, image: price, audio: price }),
  preferred_min_throughput: threshold,
  preferred_max_latency: threshold,
  enforce_distillable_text: boolean,
  direct_only: boolean,
  jurisdictions: places(/^([a-z]{2}|eea)$/i, 'a country code such as "FR", or "EU" or "EEA"'),
  regions: places(/^[a-z\d-]+$/i, 'a country code, "EU", "EEA", or a provider\'s region such as "eu-west-1"'),
  hedge,
})

const reasoning = object({
  effort: efforts,
  max_tokens: integer(0),
  exclude: boolean,
  enabled: boolean,
  summary: oneOf(['auto', 'concise', 'detailed']),
  context: oneOf(['auto', 'all_turns', 'current_turn']),
  mode: oneOf(['standard', 'pro']),
})

const responseFormat = tagged('type', {
  text: object({}),
  json_object: object({}),
  json_schema: object(
    {
      json_schema: object(
        {
          name: string({
            min: 1,
            max: 64,
            pattern: /^[A-Za-z0-9_-]+$/,
            what: 'a name of letters, digits, "_" and "-"',
          }),
          description: text,
          schema: anyObject,
          strict: nullable(boolean),
        },
        ['name'],
      ),
    },
    ['json_schema'],
  ),
  grammar: object({ grammar: text }, ['grammar']),
  python: object({}),
})

/** Settings of routers and of a fallback that is asked for elsewhere too: without effect here they change no answer. */
const inertPlugins = new Set(['pareto-router', 'switchyard-router'])
const pluginFields = object({ id: name, enabled: boolean }, ['id'])
const compression = object({ engine: oneOf(['middle-out']) })

/** A plugin that would change the answer is run or refused, never left out in silence. */
const plugin: Check = (value) => {
  const wrong = pluginFields(value)
  if (wrong !== null || !isObject(value)) return wrong
  const id = String(value.id)
  const router = routerPlugins.get(id)
  if (router !== undefined) return router(value)
  if (value.enabled === false || inertPlugins.has(id)) return null
  if (id === 'context-compression') return compression(value)
  // A PDF engine that is the provider's own asks nothing of the gateway.
  if (id === 'file-parser' && isObject(value.pdf) && value.pdf.engine === 'native') return null
  return under('id', problem(`asks for the plugin ${quote(id)}, which this gateway does not have: remove it`))
}

/** Every field of a chat request that is known; a null in any of them means "not set". */
const body = object({
  messages: list(message, { min: 1, what: 'an array of messages' }),
  prompt: text,
  model: name,
  models: list(name, { max: 8, what: 'an array of model ids' }),
  route: oneOf(['fallback', 'sort']),
  provider,
  preset: text,
  stream: boolean,
  stream_options: object({ include_usage: boolean }),
  usage: object({ include: boolean }),
  max_completion_tokens: integer(1),
  max_tokens: integer(1),
  temperature: number(0, 2),
  top_p: number(0, 1),
  top_k: integer(0),
  min_p: number(0, 1),
  top_a: number(0, 1),
  frequency_penalty: number(-2, 2),
  presence_penalty: number(-2, 2),
  repetition_penalty: number(0, 2),
  seed: integer(Number.MIN_SAFE_INTEGER),
  n: integer(1, 128),
  logit_bias: record(number(-100, 100)),
  logprobs: boolean,
  top_logprobs: integer(0, 20),
  stop: stringOr(list(text, { max: 4, what: 'an array of strings' }), 'an array of strings'),
  tools,
  tool_choice: toolChoice,
  functions: list(flatFunction),
  function_call: (value) => (value === 'none' || value === 'auto' ? null : namedFunction(value)),
  parallel_tool_calls: boolean,
  max_tool_calls: integer(1),
  stop_server_tools_when: list(object({ type: name }, ['type']), { min: 1 }),
  response_format: responseFormat,
  structured_outputs: boolean,
  reasoning,
  reasoning_effort: efforts,
  include_reasoning: boolean,
  verbosity: oneOf(['low', 'medium', 'high', 'xhigh', 'max']),
  modalities: list(oneOf(['text', 'image', 'audio']), { max: 64 }),
  audio: object({ voice: name, format: name }, ['voice', 'format']),
  image_config: anyObject,
  prediction: tagged('type', { content: object({ content: textOnly }, ['content']) }),
  plugins: list(plugin),
  web_search_options: object({
    search_context_size: oneOf(['low', 'medium', 'high']),
    user_location: nullable(anyObject),
  }),
  cache_control: cacheControl,
  prompt_cache_key: text,
  prompt_cache_options: anyObject,
  service_tier: string({ max: 64 }),
  speed: oneOf(['fast', 'standard']),
  session_id: string({ max: 256 }),
  user: text,
  metadata: record(string({ max: 512 }), { maxEntries: 16, maxKey: 64 }),
  trace: anyObject,
  debug: object({ echo_upstream_body: boolean }),
  transforms: list(oneOf(['middle-out'])),
  // The gateway keeps nothing, and must not make a provider keep it either.
  store: (value) => (value === true ? problem('must be false or left out: nothing is stored here') : boolean(value)),
})

/** What is wrong with a chat request, field by field and where fields contradict each other. */
export const chatRequestBody: Check = (value) => body(value) ?? (isObject(value) ? contradiction(value) : null)

function contradiction(request: Record<string, unknown>): { path: string; message: string } | null {
  if (request.messages === undefined && request.prompt === undefined)
    return problem('is required: an array of messages with at least one item', '.messages')
  const { reasoning: options, reasoning_effort: effort } = request
  const own = isObject(options) ? options : {}
  if (typeof effort === 'string' && typeof own.effort === 'string' && own.effort !== effort)
    return problem('contradicts reasoning.effort: give one of them', '.reasoning_effort')
  if (own.max_tokens !== undefined && (own.effort ?? effort) !== undefined)
    return problem('and an effort exclude each other: give one of them', '.reasoning.max_tokens')
  const choosesTool =
    request.tool_choice !== undefined && request.tool_choice !== 'auto' && request.tool_choice !== 'none'
  const hasTools = [request.tools, request.functions].some((given) => Array.isArray(given) && given.length > 0)
  if (choosesTool && !hasTools && !isOptionalChoice(request.tool_choice))
    return problem('needs tools to choose from', '.tool_choice')
  return null
}

function isOptionalChoice(choice: unknown): boolean {
  return isObject(choice) && (choice.type === 'auto' || choice.type === 'none')
}
