// Asks a server which models it has: OpenAI's /models in the dialects of engines and routers, or Ollama's own list.

import { outputsNamed } from './modalities.mjs'

/**
 * @typedef {object} DiscoveredModel
 * @property {string} id what the server calls it
 * @property {string | undefined} name
 * @property {number | undefined} context tokens
 * @property {number | undefined} maxOutput tokens
 * @property {string[]} in
 * @property {string[]} out
 * @property {string[] | undefined} parameters undefined = it does not say
 * @property {boolean} reasoning
 * @property {{ prompt: string, completion: string } | null | undefined} price US dollars a token; null = it has none that is fixed
 */

/** A server that is not there, refuses, or answers something else: told without a stack. */
export class DiscoveryError extends Error {}

/** Long enough for a server that loads its index first, short enough for somebody who waits. */
const patienceMs = 15_000

/**
 * @param {object} server
 * @param {string} server.baseUrl as the operator wrote it
 * @param {string | undefined} server.engine undefined = found out
 * @param {string | undefined} server.apiKey
 * @param {typeof fetch} server.fetch
 * @returns {Promise<{ baseUrl: string, engine: string, models: DiscoveredModel[] }>} `baseUrl` as the gateway needs it
 * @throws {DiscoveryError}
 */
export async function discoverModels({ baseUrl, engine, apiKey, fetch }) {
  const base = baseUrl.replace(/\/+$/, '')
  const ask = (url, body) => askJson({ fetch, url, apiKey, body })
  if (engine === 'ollama') return { engine, ...(await ollamaModels(base.replace(/\/(v1|api)$/, ''), ask)) }
  const { list, url } = await listOf(base, ask)
  // Ollama's OpenAI-shaped door lists its models as a library's; its own one can be told the length of a context.
  if (engine === undefined && list.some((entry) => entry.owned_by === 'library')) {
    const own = await ollamaModels(url.replace(/\/v1$/, ''), ask).catch(() => null)
    if (own) return { engine: 'ollama', ...own }
  }
  return { baseUrl: url, engine: engine ?? engineOf(list), models: list.map(readEntry) }
}

/** `/v1` is forgotten more often than not. */
async function listOf(base, ask) {
  const places = /\/v\d+[a-z]*$/.test(base) ? [base] : [base, `${base}/v1`]
  for (const [index, url] of places.entries()) {
    const answer = await ask(`${url}/models`).catch((error) => {
      if (index < places.length - 1) return null
      throw error
    })
    const list = Array.isArray(answer) ? answer : (answer?.data ?? answer?.models)
    if (Array.isArray(list)) return { list: list.filter((entry) => typeof entry?.id === 'string'), url }
  }
  throw new DiscoveryError(`${base}/models is no list of models.`)
}

function engineOf(list) {
  const owners = { vllm: 'vllm', llamacpp: 'llamacpp', organization_owner: 'lmstudio' }
  return owners[list[0]?.owned_by] ?? 'openai'
}

function readEntry(entry) {
  const architecture = entry.architecture ?? {}
  const parameters = Array.isArray(entry.supported_parameters) ? entry.supported_parameters : undefined
  const embeds = /embed/.test(entry.type ?? '') || entry.task === 'embed'
  return {
    id: entry.id,
    name: textOf(entry.name),
    context: countOf(
      entry.max_model_len,
      entry.context_length,
      entry.context_window,
      entry.max_context_length,
      entry.meta?.n_ctx,
      entry.meta?.n_ctx_train,
    ),
    maxOutput: countOf(
      entry.top_provider?.max_completion_tokens,
      entry.max_completion_tokens,
      entry.max_output_tokens,
      entry.max_tokens,
    ),
    in: modalitiesOf(architecture.input_modalities ?? entry.input_modalities) ?? ['text'],
    out: embeds
      ? ['embeddings']
      : (modalitiesOf(architecture.output_modalities ?? entry.output_modalities) ?? outputsNamed(entry.id) ?? ['text']),
    parameters,
    reasoning: parameters?.includes('reasoning') ?? false,
    price: priceOf(entry.pricing),
  }
}

async function ollamaModels(root, ask) {
  const { models } = await ask(`${root}/api/tags`)
  if (!Array.isArray(models)) throw new DiscoveryError(`${root}/api/tags is no list of models.`)
  const read = models.map(async ({ name, model }) => {
    const id = model ?? name
    const shown = await ask(`${root}/api/show`, { model: id }).catch(() => ({}))
    const can = Array.isArray(shown.capabilities) ? shown.capabilities : ['completion']
    const context = Object.entries(shown.model_info ?? {}).find(([key]) => key.endsWith('.context_length'))?.[1]
    return {
      id,
      name: undefined,
      context: countOf(context),
      maxOutput: undefined,
      in: can.includes('vision') ? ['text', 'image'] : ['text'],
      out: can.includes('completion') ? ['text'] : ['embeddings'],
      parameters: can.includes('tools') ? [...ollamaParameters, 'tools'] : ollamaParameters,
      reasoning: can.includes('thinking'),
      price: undefined,
    }
  })
  return { baseUrl: root, models: await Promise.all(read) }
}

const ollamaParameters = [
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'repetition_penalty',
  'frequency_penalty',
  'presence_penalty',
  'stop',
  'seed',
  'response_format',
  'structured_outputs',
]

async function askJson({ fetch, url, apiKey, body }) {
  let response
  let text
  try {
    response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      // A key must not travel on to wherever an answer points.
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    text = await response.text()
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message
    throw new DiscoveryError(`No server answers at ${url} (${reason}).`)
  }
  if (!response.ok) {
    const hint = response.status === 401 || response.status === 403 ? ' It wants a key.' : ''
    throw Object.assign(new DiscoveryError(`${url} answered ${response.status}.${hint}`), { status: response.status })
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new DiscoveryError(`${url} did not answer with JSON.`)
  }
}

function textOf(value) {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The first of the values that is a count. */
function countOf(...values) {
  return values.find((value) => Number.isSafeInteger(value) && value > 0)
}

const known = ['text', 'image', 'audio', 'video', 'file', 'embeddings', 'rerank', 'speech', 'transcription']

function modalitiesOf(value) {
  if (!Array.isArray(value)) return undefined
  const names = value.filter((name) => known.includes(name))
  return names.length > 0 ? names : undefined
}

/** Routers say `prompt` and `completion`, or `input` and `output`; -1 is "it depends". */
function priceOf(pricing) {
  if (typeof pricing !== 'object' || pricing === null) return undefined
  const prompt = decimalOf(pricing.prompt ?? pricing.input)
  const completion = decimalOf(pricing.completion ?? pricing.output)
  if (prompt === null || completion === null) return null
  return Math.max(Number(prompt), Number(completion)) > dearestUsdPerToken ? null : { prompt, completion }
}

/** Ten thousand dollars a million: who says more says what a million costs, or a thousand, and not a token. */
const dearestUsdPerToken = 0.01

/** A price as plain decimal text, whether it came as a number or as text; null for what is no price. */
export function decimalOf(value) {
  if (typeof value === 'string' && /^\d{1,12}(\.\d{1,18})?$/.test(value)) return value
  const number = typeof value === 'number' ? value : Number(textOf(value) ?? Number.NaN)
  if (!Number.isFinite(number) || number < 0 || number >= 1e12) return null
  // Fifteen digits are what a double holds for certain; the rest would be noise.
  const [digits, exponent] = number.toExponential(14).split('e')
  const places = Math.min(18, Math.max(0, 14 - Number(exponent)))
  return trimmed(Number(`${digits}e${exponent}`).toFixed(places))
}

function trimmed(text) {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
