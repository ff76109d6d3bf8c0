/** Everything a chat request can hold, so that a mutation has something to break. */
const whole = {
  model: 'acme/m1',
  models: ['acme/m2'],
  messages: [
    { role: 'system', content: 'Be kind.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } },
        { type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'low' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'a', arguments: '{}' } }],
      reasoning_details: [{ type: 'reasoning.text', text: 'x', signature: null, index: 0 }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'done' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'a', input: { b: 1 } }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'x' }] }],
    },
  ],
  stream: false,
  temperature: 1,
  max_tokens: 100,
  stop: ['a'],
  tools: [
    { type: 'function', function: { name: 'a', parameters: { type: 'object' } } },
    { name: 'b', input_schema: {} },
  ],
  tool_choice: { type: 'tool', name: 'a' },
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
  reasoning: { effort: 'low' },
  provider: { order: ['a'], sort: { by: 'price' }, max_price: { prompt: '1' }, preferred_max_latency: { p50: 1 } },
  plugins: [{ id: 'web', enabled: false }],
  metadata: { a: 'b' },
  logit_bias: { 1: 2 },
}

const strange: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'function',
  'user',
  '\ud800',
  '\u0000',
  '__proto__',
  'é'.repeat(300),
  [],
  [[]],
  [null],
  {},
  { type: 'text' },
  { role: 'function' },
  { type: 'function', function: null },
  JSON.parse('{"__proto__":{"a":1},"constructor":null}'),
]
const keys = [
  '__proto__',
  'constructor',
  'toString',
  'type',
  'role',
  'content',
  'function_call',
  'functions',
  'prompt',
  '',
]

/** Body `seed` of an endless series: the whole request with a few things in it replaced, removed, doubled or cut. */
export function mutated(seed: number): string {
  const random = randomFrom(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  let request: unknown = structuredClone(whole)
  for (let times = Math.floor(random() * 4); times > 0; times--) {
    let holder = request
    for (;;) {
      if (typeof holder !== 'object' || holder === null) break
      const fields = holder as Record<string, unknown>
      const key = random() < 0.05 ? pick(keys) : pick(Object.keys(fields))
      if (key === undefined) break
      const inner = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (typeof inner === 'object' && inner !== null && random() < 0.75) {
        holder = inner
        continue
      }
      const way = random()
      if (way < 0.15) delete fields[key]
      else
        Object.defineProperty(fields, key, {
          value: structuredClone(pick(strange)),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      if (way > 0.9 && Array.isArray(holder)) holder.push(...structuredClone(holder))
      break
    }
  }
  if (random() < 0.03) request = pick(strange)
  const text = JSON.stringify(request)
  const way = random()
  if (way < 0.03) return text.slice(0, Math.floor(random() * text.length))
  if (way < 0.06) {
    const at = Math.floor(random() * text.length)
    return text.slice(0, at) + pick(['"', '\\', '{', ']', ',', '\u0001', '9e999', 'nul']) + text.slice(at + 1)
  }
  return text
}

/** mulberry32: the same series for the same seed, everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
