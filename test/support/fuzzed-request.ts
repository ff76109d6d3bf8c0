/** Fuzzed chat completion requests: the same bytes for the same seed, everywhere. */

/** mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

type Random = () => number
type Fields = Record<string, unknown>

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}

const cached = { cache_control: { type: 'ephemeral', ttl: '1h' } }
const png = 'data:image/png;base64,iVBORw0KGgo='
const call = { id: 'call_1', type: 'function', function: { name: 'a', arguments: '{"b":1}' } }

const userParts: Fields[] = [
  { type: 'text', text: 'Hi', ...cached },
  { type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'low' } },
  { type: 'image_url', image_url: png },
  { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
  { type: 'video_url', video_url: { url: 'https://a.example/a.mp4' } },
  { type: 'input_video', video_url: { url: 'data:video/mp4;base64,AAAA' } },
  { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
  { type: 'file', file: { file_id: 'file-1' } },
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
  { type: 'document', source: { type: 'text', data: 'x' }, title: 'y' },
  { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'x' }] },
]

const messages: Fields[] = [
  { role: 'system', content: 'Be kind.' },
  { role: 'developer', content: [{ type: 'text', text: 'Be brief.', ...cached }], name: 'd' },
  { role: 'user', content: 'Hello', name: 'u' },
  { role: 'user', content: userParts },
  {
    role: 'assistant',
    content: null,
    tool_calls: [call],
    reasoning: 'hm',
    reasoning_details: [
      { type: 'reasoning.text', text: 'x', signature: 's', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'eA==', format: 'google-gemini-v1', index: 1 },
      { type: 'reasoning.summary', summary: 'y', format: 'openai-responses-v1', id: 'rs_1', index: 2 },
    ],
  },
  { role: 'assistant', content: 'Hi', refusal: null, images: [{ type: 'image_url', image_url: { url: png } }] },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'a', input: { b: 1 } }], audio: { id: 'x' } },
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'x', signature: 's' },
      { type: 'text', text: 'y' },
    ],
  },
  { role: 'assistant', content: 'Hi', function_call: { name: 'f', arguments: '{' }, annotations: [{ type: 'url' }] },
  { role: 'tool', tool_call_id: 'call_1', content: 'done' },
  { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'image_url', image_url: { url: png } }] },
  { role: 'function', name: 'f', content: 'x' },
]

/** A good value for every field of a chat request that is known, and a few that are not. */
const fields: Fields = {
  prompt: 'Hello',
  models: ['acme/m2'],
  route: 'fallback',
  provider: {
    order: ['a'],
    only: ['acme'],
    ignore: ['b'],
    allow_fallbacks: true,
    require_parameters: false,
    strict: false,
    data_collection: 'allow',
    zdr: false,
    quantizations: ['fp8', 'unknown'],
    sort: { by: 'price', partition: 'none' },
    max_price: { prompt: '1', completion: 2, request: '0.1' },
    preferred_max_latency: { p50: 1 },
    preferred_min_throughput: 10,
    enforce_distillable_text: false,
  },
  stream: true,
  stream_options: { include_usage: true },
  usage: { include: true },
  max_completion_tokens: 100,
  max_tokens: 100,
  temperature: 1,
  top_p: 0.5,
  top_k: 40,
  min_p: 0.1,
  top_a: 0.1,
  frequency_penalty: 1,
  presence_penalty: -1,
  repetition_penalty: 1.1,
  seed: 42,
  n: 2,
  logit_bias: { 1: 2 },
  logprobs: true,
  top_logprobs: 3,
  stop: ['a', 'b'],
  tools: [
    {
      type: 'function',
      function: {
        name: 'a',
        description: 'x',
        strict: true,
        parameters: {
          type: 'object',
          properties: { b: { type: ['integer', 'null'], enum: [1, null] }, c: { $ref: '#/$defs/d' } },
          required: ['b'],
          $defs: { d: { anyOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/$defs/d' } }] } },
        },
      },
      ...cached,
    },
    { name: 'b', input_schema: { type: 'object' } },
    { name: 'c', description: 'mcp', inputSchema: {} },
  ],
  tool_choice: { type: 'function', function: { name: 'a' } },
  functions: [{ name: 'f', parameters: { type: 'object' } }],
  function_call: { name: 'f' },
  parallel_tool_calls: false,
  max_tool_calls: 3,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } },
  },
  structured_outputs: true,
  reasoning: { effort: 'low', exclude: false, enabled: true },
  reasoning_effort: 'low',
  include_reasoning: true,
  verbosity: 'low',
  modalities: ['text', 'audio'],
  audio: { voice: 'alloy', format: 'wav' },
  image_config: { aspect_ratio: '1:1' },
  prediction: { type: 'content', content: 'x' },
  plugins: [{ id: 'web', enabled: false }],
  web_search_options: { search_context_size: 'low' },
  cache_control: { type: 'ephemeral' },
  prompt_cache_key: 'x',
  service_tier: 'auto',
  session_id: 's',
  user: 'u',
  metadata: { a: 'b' },
  trace: { a: 1 },
  transforms: ['middle-out'],
  store: false,
  safety_identifier: 'x',
  unknown_field: { a: [1, { b: null }] },
}

const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'type',
]
const moreKeys = [
  'role',
  'content',
  'function_call',
  'functions',
  'prompt',
  'length',
  '0',
  '',
  'é'.repeat(70),
  '\ud800',
]

const texts = [
  '',
  'x',
  'function',
  'user',
  '\ud800',
  'a\udc00b',
  '\u0000',
  '\u0001\u001f\u007f\u0085\u2028\u2029',
  '\ufeffBOM',
  '\u202eright to left',
  'e\u0301'.repeat(50),
  '👩‍👩‍👧‍👦',
  '\uffff',
  '__proto__',
  '%00%0d%0aX-Injected: 1',
  '\r\nX-Injected: 1\r\n\r\n',
  'data:;base64,',
  'data:image/png;base64,%%%',
  'data:text/html,<script>',
  'https://',
  'https://a.example/\ud800',
  '{"a":',
  '[[[[',
  '"',
  '\\',
  'a/b:free:free:nitro',
  '@preset/x',
  '../../etc/passwd',
  'é'.repeat(300),
  'NaN',
  '1e999',
]

const numbers = [0, -0, -1, 1.5, 1e-320, 1e21, 1e308, -1e308, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 4294967296, 0.1 + 0.2]

const others: unknown[] = [
  null,
  true,
  false,
  [],
  [[]],
  [null],
  {},
  { type: 'text' },
  { role: 'function' },
  { type: 'function', function: null },
  { length: 3 },
  { $ref: '#' },
  { type: 'object', properties: null, required: 'a', enum: {}, anyOf: [] },
]

function nested(random: Random): unknown {
  const depth = pick(random, [3, 20, 100, 250, 254, 255, 256, 257, 300, 1_000])
  const isList = random() < 0.5
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = isList ? [value] : { a: value }
  return value
}

function hostileKeys(random: Random): unknown {
  const key = pick(random, keys)
  return JSON.parse(
    `{"a":1,${JSON.stringify(key)}:${pick(random, ['{"polluted":true}', 'null', '"x"', '[]', '{"constructor":{"prototype":{"polluted":true}}}'])}}`,
  )
}

/** Of JSON values, at a tenth of what `structuredClone` takes. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T
  if (typeof value !== 'object' || value === null) return value
  const copy: Fields = {}
  for (const key of Object.keys(value)) put(copy, key, copyOf((value as Fields)[key]))
  return copy as T
}

function strange(random: Random): unknown {
  const way = random()
  if (way < 0.3) return pick(random, texts)
  if (way < 0.45) return pick(random, numbers)
  if (way < 0.75) return copyOf(pick(random, others))
  if (way < 0.85) return hostileKeys(random)
  if (way < 0.9) return nested(random)
  if (way < 0.95) return pick(random, texts).repeat(1 + Math.floor(random() * 200))
  return Array.from({ length: Math.floor(random() * 300) }, () => copyOf(pick(random, others)))
}

function put(holder: Fields, key: string, value: unknown): void {
  if (key !== '__proto__') holder[key] = value
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Replaces, removes, doubles or adds something somewhere. */
function mutate(request: unknown, random: Random): void {
  let holder = request
  while (typeof holder === 'object' && holder !== null) {
    const own = holder as Fields
    const key = random() < 0.08 ? pick(random, random() < 0.5 ? keys : moreKeys) : pick(random, Object.keys(own))
    if (key === undefined) return
    const inner = Object.hasOwn(own, key) ? own[key] : undefined
    if (typeof inner === 'object' && inner !== null && random() < 0.75) {
      holder = inner
      continue
    }
    const way = random()
    if (Array.isArray(own) && way < 0.1 && own.length < 200) own.push(...own.map((item) => copyOf(item)))
    else if (way < 0.2 && !Array.isArray(own)) delete own[key]
    else if (!Array.isArray(own) || /^\d+$/.test(key)) put(own, key, strange(random))
    return
  }
}

/** What no serialiser writes: duplicate keys, numbers beyond all bounds, cuts, stray bytes. */
function damage(text: string, random: Random): string | Uint8Array {
  const way = random()
  const at = Math.floor(random() * text.length)
  if (way < 0.25) {
    const doubled = pick(random, [
      '"model":"acme/m2",',
      '"messages":[],',
      '"stream":1,',
      '"__proto__":{"a":1},',
      '"a":1,"a":2,',
    ])
    return random() < 0.5 ? text.replace('{', `{${doubled}`) : text.replace(/}$/, `,${doubled.slice(0, -1)}}`)
  }
  if (way < 0.45)
    return text.replace(
      /:(\d+)/,
      `:${pick(random, ['1e400', '-1e400', '-0', '00', '1e-400', '0x10', '1_000', '.5', '9'.repeat(400), '1.'])}`,
    )
  if (way < 0.6) return text.slice(0, at)
  if (way < 0.8)
    return (
      text.slice(0, at) +
      pick(random, ['"', '\\', '{', ']', ',', '\u0001', 'nul', '/**/', '\ufeff', '\\u00', '\\ud800']) +
      text.slice(at + 1)
    )
  if (way < 0.9)
    return pick(random, ['', ' ', 'null', '[]', '"x"', '1', 'NaN', '{}', '[{}]', `\ufeff${text}`, `${text}${text}`])
  const bytes = new TextEncoder().encode(text)
  const where = Math.floor(random() * bytes.length)
  bytes.set(
    pick(random, [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe2, 0x82]]).slice(
      0,
      bytes.length - where,
    ),
    where,
  )
  return bytes
}

/** Requests of which one is enough: megabytes of text, a hundred thousand messages or tools, nesting without end. */
const giants: readonly (() => string)[] = [
  () => chat([{ role: 'user', content: 'é👍x'.repeat(2_000_000) }]),
  () => chat([{ role: 'user', content: '\u0000'.repeat(1_600_000) }]),
  () => chat([{ role: 'user', content: [{ type: 'image_url', image_url: { url: png + 'A'.repeat(10_000_000) } }] }]),
  // Neighbours of one role are joined by some wires, results are put in the order of their calls, names are made to fit.
  () => chat(times(100_000, () => ({ role: 'user', content: 'x' }))),
  () => chat(times(100_000, (i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: 'x' }))),
  () => chat(times(100_000, (i) => ({ role: i % 2 === 0 ? 'system' : 'user', content: 'x' }))),
  () =>
    chat([
      { role: 'user', content: 'x' },
      ...times(20_000, (i) => ({ role: 'assistant', content: null, tool_calls: [callOf(`call_${i}`, 'f')] })),
      ...times(20_000, (i) => ({ role: 'tool', tool_call_id: `call_${19_999 - i}`, content: 'x' })),
    ]),
  () =>
    chat(
      times(60_000, (i) =>
        i % 2 === 0 ? { role: 'tool', tool_call_id: 'a', content: 'x' } : { role: 'user', content: 'x' },
      ),
    ),
  () =>
    chat([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, tool_calls: times(30_000, (i) => callOf(strangeName(i), strangeName(i))) },
    ]),
  () =>
    chat([{ role: 'user', content: 'x' }], {
      tools: times(30_000, (i) => ({ type: 'function', function: { name: strangeName(i) } })),
    }),
  () => chat([{ role: 'user', content: times(300_000, () => ({ type: 'text', text: 'x' })) }]),
  () =>
    chat([{ role: 'user', content: times(60_000, () => ({ type: 'tool_result', tool_use_id: 'a', content: 'x' })) }]),
  () =>
    chat([
      {
        role: 'assistant',
        content: 'x',
        tool_calls: times(20_000, (i) => callOf(`call_${i}`, 'f')),
        reasoning_details: times(40_000, (i) => ({
          type: 'reasoning.encrypted',
          id: `call_${i}`,
          data: 'eA==',
          format: formats[i % 4],
        })),
      },
      { role: 'user', content: 'x' },
    ]),
  () => chat([{ role: 'user', content: 'x' }], { logit_bias: Object.fromEntries(times(100_000, (i) => [i, 1])) }),
  () => chat([{ role: 'user', content: 'x' }], { model: 'x'.repeat(10_000_000) }),
  () => `{"model":"acme/m1","messages":${'['.repeat(5_000_000)}`,
  () =>
    `{"model":"acme/m1","messages":[{"role":"user","content":"x"}],"x":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`,
  () => `{"model":"acme/m1",${'"stream":true,'.repeat(500_000)}"messages":[{"role":"user","content":"x"}]}`,
]

const formats = ['google-gemini-v1', 'anthropic-claude-v1', 'openai-responses-v1', 'unknown']

function chat(given: unknown[], more: Fields = {}): string {
  return JSON.stringify({ model: 'acme/m1', messages: given, ...more })
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function callOf(id: string, name: string) {
  return { id, type: 'function', function: { name, arguments: '{}' } }
}

/** Different for each, and alike as soon as what is no letter is replaced. */
function strangeName(index: number): string {
  return String.fromCodePoint(0x4e00 + (index % 20_000), 0x3041 + Math.floor(index / 20_000))
}

export const giantCount = giants.length

/** One of the requests that are large. */
export function giantRequest(index: number): string {
  return (giants[index % giants.length] as () => string)()
}

/** Body `seed` of an endless series: a request of random fields, most of it good, with a few things in it broken. */
export function fuzzedRequest(seed: number): string | Uint8Array {
  const random = randomFrom(seed)
  const many = 1 + Math.floor(random() * 6)
  const request: Fields = {
    model: 'acme/m1',
    messages: Array.from({ length: many }, () => copyOf(pick(random, messages))),
  }
  const names = Object.keys(fields)
  for (let count = Math.floor(random() * 10); count > 0; count--) {
    const name = pick(random, names)
    request[name] = copyOf(fields[name])
  }
  for (let times = Math.floor(random() * 4); times > 0; times--) mutate(request, random)
  const text = JSON.stringify(random() < 0.01 ? strange(random) : request) ?? ''
  return random() < 0.1 ? damage(text, random) : text
}
