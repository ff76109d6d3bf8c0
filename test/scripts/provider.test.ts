import { beforeEach, describe, expect, it } from 'vitest'
import { decimalOf, discoverModels } from '../../scripts/discover-models.mjs'
import { readCommand, run } from '../../scripts/provider.mjs'
import { isSlug, modelIdOf, perMillion, perToken } from '../../scripts/provider-rows.mjs'
import { statementsOf, tablesOf } from '../../scripts/seed-rows.mjs'
import { providerOf } from '../../src/providers/registry.ts'
import { readModel, readProviders } from '../../src/store/catalog.ts'
import { sqliteD1 } from '../support/sqlite-d1.ts'

/** A server of models, by path; anything else is a 404. */
function server(answers: Record<string, unknown>) {
  const asked: { path: string; key: string | null }[] = []
  const fetch = async (url: string | URL | Request, init?: RequestInit) => {
    const path = new URL(String(url)).pathname
    asked.push({ path, key: new Headers(init?.headers).get('authorization') })
    const answer = answers[path]
    if (answer instanceof Error) throw answer
    if (typeof answer === 'number') return new Response('no', { status: answer })
    return answer === undefined ? new Response('404 page not found', { status: 404 }) : Response.json(answer)
  }
  return { fetch: fetch as typeof globalThis.fetch, asked }
}

const list = (...entries: object[]) => ({ object: 'list', data: entries })
const vllm = (id: string, max_model_len = 32_768) => ({ id, owned_by: 'vllm', max_model_len })

/** As much of a catalogue as is asked about here. */
function load(db: D1Database, version: string) {
  const router = { kind: 'router', direct: false }
  const model = (id: string, hugging_face_id?: string) => ({
    id,
    name: id,
    author: 'x',
    hugging_face_id,
    in: ['text'],
    out: ['text'],
  })
  const price = { prompt: '0.000001', completion: '0.000001' }
  const llama = 'meta-llama/llama-3.3-70b-instruct'
  const tables = tablesOf({
    providers: [
      { slug: 'openrouter', name: 'OpenRouter', ...router, base_url: 'https://openrouter.ai/api/v1' },
      { slug: 'litellm', name: 'LiteLLM', ...router },
      { slug: 'host', name: 'Host', kind: 'cloud', direct: true },
    ],
    models: [model(llama, 'meta-llama/Llama-3.3-70B-Instruct'), model('openai/gpt-4o-mini')],
    endpoints: [
      { id: `host:${llama}`, model: llama, provider: 'host', upstream_id: 'l', in: ['text'], out: ['text'], price },
    ],
  })
  return db.batch(statementsOf(tables, version).map((sql) => db.prepare(sql)))
}

let db: D1Database
beforeEach(async () => {
  db = sqliteD1()
  await load(db, 'v1')
})

function provider(command: string, answers: Record<string, unknown> = {}, variables: Record<string, string> = {}) {
  return run(command.split(' '), {
    variables,
    fetch: server(answers).fetch,
    open: () => ({
      query: (statements) =>
        Promise.all(statements.map(async (sql) => (await db.prepare(sql).all<Record<string, unknown>>()).results)),
      execute: async (statements) => {
        await db.batch(statements.map((sql) => db.prepare(sql)))
      },
    }),
  })
}

const endpointsOf = async (model: string) => (await readModel(db, model))?.endpoints ?? []
const ownOf = async (model: string, slug: string) =>
  (await endpointsOf(model)).find((endpoint) => endpoint.provider.slug === slug)

describe('a provider of thousands of models', () => {
  const many = (from: number, to: number) =>
    list(...Array.from({ length: to - from }, (_, index) => vllm(`author/model-with-a-long-name-${from + index}`)))

  it('is added and asked again in statements of a size that D1 takes', async () => {
    const sizes: number[] = []
    const prepare = db.prepare.bind(db)
    db.prepare = (sql) => {
      sizes.push(sql.length)
      return prepare(sql)
    }
    await provider('add my-vllm --base-url http://localhost:8000', { '/v1/models': many(0, 3_000) })
    await provider('refresh my-vllm', { '/v1/models': many(1_500, 4_000) })
    expect(Math.max(...sizes)).toBeLessThan(100_000)
    const count = await db.prepare("SELECT count(*) AS n FROM endpoints WHERE provider = 'my-vllm'").first<number>('n')
    expect(count).toBe(2_500)
    expect(await endpointsOf('author/model-with-a-long-name-1499')).toEqual([])
  })
})

describe('an endpoint of the operator’s that a later seed has as well', () => {
  it('keeps its price, in all its tiers', async () => {
    const models = { '/v1/models': list(vllm('l')) }
    await provider('add my-vllm --base-url http://localhost:8000 --price-prompt 1 --price-completion 2', models)
    const id = (await db.prepare("SELECT id FROM endpoints WHERE provider = 'my-vllm'").first<string>('id')) ?? ''
    const model = id.slice(id.indexOf(':') + 1)
    const shape = { in: ['text'], out: ['text'] }
    const tables = tablesOf({
      providers: [{ slug: 'my-vllm', name: 'Theirs', kind: 'cloud', direct: true }],
      models: [{ id: model, name: model, author: 'x', ...shape }],
      endpoints: [
        {
          id,
          model,
          provider: 'my-vllm',
          upstream_id: 'theirs',
          price: { prompt: '0.1', completion: '0.1' },
          tiers: [{ above: 200_000, prompt: '9', completion: '9' }],
          ...shape,
        },
      ],
    })
    await db.batch(statementsOf(tables, 'v2').map((sql) => db.prepare(sql)))
    const { results } = await db.prepare('SELECT * FROM prices WHERE endpoint = ?').bind(id).all()
    expect(results).toMatchObject([{ above_prompt_tokens: 0, prompt: '0.000001', origin: 'operator' }])
  })
})

describe('adding a server of one’s own', () => {
  const local = 'add my-vllm --base-url http://localhost:8000'
  const models = { '/v1/models': list(vllm('meta-llama/Llama-3.3-70B-Instruct'), vllm('/models/Tiny:latest')) }

  it('finds its models, and joins those that the catalogue knows', async () => {
    const told = await provider(local, models)
    expect(told).toContain('my-vllm, vllm at http://localhost:8000/v1, serves 2 models')
    expect(told).toContain('meta-llama/llama-3.3-70b-instruct')
    expect(told).toContain('ENVIRONMENT is development')
    const own = await ownOf('meta-llama/llama-3.3-70b-instruct', 'my-vllm')
    expect(own).toMatchObject({
      tag: 'my-vllm',
      upstreamId: 'meta-llama/Llama-3.3-70B-Instruct',
      contextLength: 32_768,
      eu: null,
      price: { prompt: '0', completion: '0' },
      provider: { engine: 'vllm', kind: 'cloud', direct: true, baseUrl: 'http://localhost:8000/v1' },
    })
    expect(own?.parameters).toContain('tools')
    expect((await endpointsOf('meta-llama/llama-3.3-70b-instruct')).length).toBeGreaterThan(1)
    expect((await readModel(db, 'my-vllm/tiny'))?.model).toMatchObject({
      author: 'my-vllm',
      name: '/models/Tiny:latest',
    })
  })

  it('takes what the operator says over what the server says', async () => {
    const said =
      '--model meta-llama/Llama-3.3-70B-Instruct=mine/llama --context 1000 --max-output 500 --reasoning --price-prompt 0.15 --price-completion 2 --eu --headquarters de --datacenters DE,FR --zero-retention --name Mine'
    await provider(`${local} ${said}`, models)
    const entry = await readModel(db, 'mine/llama')
    expect(entry?.model).toMatchObject({ reasoning: { supported: true }, maxOutputTokens: 500 })
    expect(entry?.endpoints).toMatchObject([
      {
        contextLength: 1000,
        maxOutputTokens: 500,
        eu: 'yes',
        price: { prompt: '0.00000015', completion: '0.000002' },
        provider: {
          name: 'Mine',
          headquarters: 'DE',
          datacenters: ['DE', 'FR'],
          dataPolicy: { trains: false, zdr: 'default', zeroRetentionStatedBy: 'operator' },
        },
      },
    ])
    expect(await readModel(db, 'my-vllm/tiny')).toBeNull()
  })

  it('knows an embedder by its name where the server says nothing', async () => {
    const fetch = server({ '/v1/models': list(vllm('BAAI/bge-m3'), vllm('acme/m1')) }).fetch
    const { models } = await discoverModels({ baseUrl: 'http://x/v1', engine: undefined, apiKey: undefined, fetch })
    expect(models.map(({ out }) => out)).toEqual([['embeddings'], ['text']])
  })

  it('asks Ollama for what each model can do, and sets aside no more memory than was asked for', async () => {
    const told = await provider('add box --base-url http://box:11434/v1', {
      '/v1/models': list({ id: 'qwen3:8b', owned_by: 'library' }),
      '/api/tags': { models: [{ name: 'qwen3:8b', model: 'qwen3:8b' }] },
      '/api/show': {
        capabilities: ['completion', 'tools', 'thinking', 'vision'],
        model_info: { 'qwen3.context_length': 262_144 },
      },
    })
    expect(told).toContain('box, ollama at http://box:11434, serves 1 model:')
    const entry = await readModel(db, 'box/qwen3-8b')
    expect(entry?.model.reasoning.supported).toBe(true)
    expect(entry?.endpoints[0]).toMatchObject({
      upstreamId: 'qwen3:8b',
      contextLength: 32_768,
      inputModalities: ['text', 'image'],
    })
    expect(entry?.endpoints[0]?.parameters).toContain('tools')
  })

  it('joins what the operator says, where Ollama’s name has no author to join by', async () => {
    const llama = 'meta-llama/llama-3.3-70b-instruct'
    const models = { '/api/tags': { models: [{ model: 'llama3.3:70b' }, { model: 'other:1b' }] }, '/api/show': {} }
    const named = `--engine ollama --model llama3.3:70b=${llama}`
    await provider(`add box --base-url http://box:11434 ${named}`, models)
    expect(await ownOf(llama, 'box')).toMatchObject({ upstreamId: 'llama3.3:70b' })
    expect(await readModel(db, 'box/other-1b')).toBeNull()
    await provider('refresh box', models)
    expect(await ownOf(llama, 'box')).toMatchObject({ upstreamId: 'llama3.3:70b' })
  })

  it('is marked as a router where it forwards to others, and then wants prices', async () => {
    const models = {
      '/v1/models': list(
        { id: 'gpt-x' },
        { id: 'gpt-y', pricing: { input: 1e-6, output: '0.000002' } },
        // What a million tokens cost, by its size.
        { id: 'gpt-z', pricing: { input: 0.88, output: 0.88 } },
      ),
    }
    expect(await provider('add proxy --base-url https://proxy.example/v1 --router', models)).toContain(
      'want of a price: gpt-x, gpt-z',
    )
    expect(await ownOf('proxy/gpt-y', 'proxy')).toMatchObject({
      price: { prompt: '0.000001', completion: '0.000002' },
      provider: { kind: 'router', direct: false, engine: 'openai' },
    })
  })

  it('sends the key that is configured for it', async () => {
    const { fetch, asked } = server(models)
    const variables = { MY_VLLM_API_KEY: 'k' }
    const open = () => ({ query: async () => [[], [], [], []], execute: async () => {} })
    await run(local.split(' '), { variables, fetch, open })
    expect(asked).toEqual([
      { path: '/models', key: 'Bearer k' },
      { path: '/v1/models', key: 'Bearer k' },
    ])
  })

  it('survives a newer catalogue', async () => {
    await provider(local, models)
    await load(db, 'v2')
    expect(await ownOf('meta-llama/llama-3.3-70b-instruct', 'my-vllm')).toBeTruthy()
    expect((await readProviders(db)).find(({ slug }) => slug === 'my-vllm')?.engine).toBe('vllm')
  })

  it('can be asked again, and keeps what it was told', async () => {
    await provider(`${local} --price-prompt 1 --eu --model /models/Tiny:latest=mine/tiny`, models)
    await provider('refresh my-vllm', { '/v1/models': list(vllm('/models/Tiny:latest'), vllm('new')) })
    expect(await ownOf('mine/tiny', 'my-vllm')).toMatchObject({ eu: 'yes', price: { prompt: '0.000001' } })
    expect(await ownOf('my-vllm/new', 'my-vllm')).toMatchObject({ eu: 'yes', price: { prompt: '0.000001' } })
    await provider('refresh my-vllm', { '/v1/models': list(vllm('new')) })
    expect(await readModel(db, 'mine/tiny')).toBeNull()
  })

  it('keeps its price when it is added once more without one, and says so', async () => {
    const price = async () => (await ownOf('meta-llama/llama-3.3-70b-instruct', 'my-vllm'))?.price
    expect(await provider(`${local} --price-prompt 0.10 --price-completion 0.40`, models)).not.toContain('Kept')
    expect(await provider(`${local} --context 1000`, models)).toContain(
      'Kept from before: --price-prompt 0.1 --price-completion 0.4',
    )
    expect(await price()).toEqual({ prompt: '0.0000001', completion: '0.0000004' })
    expect(await provider(`${local} --price-prompt 2`, models)).toContain('Kept from before: --price-completion 0.4\n')
    expect(await price()).toEqual({ prompt: '0.000002', completion: '0.0000004' })
    expect(await provider(`${local} --price-prompt 0 --price-completion 0`, models)).not.toContain('Kept')
    expect(await price()).toEqual({ prompt: '0', completion: '0' })
    expect(await provider(local, models)).not.toContain('Kept')
  })

  it('takes the price that it tells itself when it is added once more', async () => {
    const telling = (prompt: string) => ({
      '/v1/models': list({ ...vllm('new'), pricing: { prompt, completion: '0' } }),
    })
    for (const prompt of ['0.000001', '0.000005']) {
      expect(await provider(local, telling(prompt))).not.toContain('Kept')
      expect((await ownOf('my-vllm/new', 'my-vllm'))?.price).toEqual({ prompt, completion: '0' })
    }
  })

  it('is in the EU only where that is said again with its address, and says so', async () => {
    await provider(`${local} --eu`, models)
    expect(await provider(local, models)).toContain('No longer marked as in the EU.')
    expect((await ownOf('meta-llama/llama-3.3-70b-instruct', 'my-vllm'))?.eu).toBeNull()
    expect(await provider(local, models)).not.toContain('EU')
  })

  it('is listed as a router where it forwards to others', async () => {
    await provider('add proxy --base-url https://proxy.example/v1 --router --price-prompt 1', {
      '/v1/models': list({ id: 'gpt-x' }),
    })
    expect(await provider('list')).toMatch(/proxy +router +openai/)
  })

  it('can be taken away, and leaves nothing', async () => {
    await provider(local, models)
    expect(await provider('list')).toMatch(/my-vllm +own +vllm +2 +http:\/\/localhost:8000\/v1/)
    expect(await provider('remove my-vllm')).toContain('out of the catalogue')
    expect(await provider('list')).toContain('None yet')
    expect(await ownOf('meta-llama/llama-3.3-70b-instruct', 'my-vllm')).toBeUndefined()
    expect(await readModel(db, 'my-vllm/tiny')).toBeNull()
    await expect(provider('remove my-vllm')).rejects.toThrow('added nothing')
    for (const table of ['providers', 'data_policies', 'models', 'endpoints', 'prices'])
      expect(await db.prepare(`SELECT count(*) AS n FROM ${table} WHERE origin = 'operator'`).first('n'), table).toBe(0)
  })
})

describe('adding what a provider of the catalogue serves', () => {
  const models = {
    '/api/v1/models': list(
      {
        id: 'openai/gpt-4o-mini',
        context_length: 128_000,
        pricing: { prompt: '0.00000015', completion: '0.0000006' },
        top_provider: { max_completion_tokens: 16_384 },
        supported_parameters: ['tools', 'temperature'],
        architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
      },
      { id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' } },
    ),
  }

  it('gives a router endpoints at its own prices', async () => {
    expect(await provider('add openrouter', models)).toContain('once OPENROUTER_API_KEY is set')
    expect(await ownOf('openai/gpt-4o-mini', 'openrouter')).toMatchObject({
      price: { prompt: '0.00000015', completion: '0.0000006' },
      parameters: ['tools', 'temperature'],
      inputModalities: ['text', 'image'],
      provider: { kind: 'router', direct: false, engine: null },
    })
    expect(await readModel(db, 'openrouter/auto')).toBeNull()
    await provider('remove openrouter')
    expect((await readProviders(db)).some(({ slug }) => slug === 'openrouter')).toBe(true)
  })

  it('does not move it elsewhere', async () => {
    await expect(provider('add openrouter --base-url https://evil.example')).rejects.toThrow('OPENROUTER_BASE_URL')
    await expect(provider('add litellm')).rejects.toThrow('LITELLM_BASE_URL')
  })
})

describe('adding a provider that src/providers/ describes', () => {
  const local = 'add deepseek --base-url http://localhost:8000/v1'
  const priced = `${local} --price-prompt 0.3 --price-completion 1`
  const models = { '/v1/models': list(vllm('deepseek-chat')) }
  const rowOf = async (slug: string) => (await readProviders(db)).find((row) => row.slug === slug)

  it.each(['deepseek', 'cohere'])('takes %s as it is described, whatever its list looks like', async (slug) => {
    const told = await provider(priced.replace('deepseek', slug), models)
    expect(told).toContain(`${slug}, as src/providers/ has it, at http://localhost:8000/v1, serves 1 model:`)
    expect(told).toContain(`It is used once ${slug.toUpperCase()}_API_KEY is set.`)
    const row = await rowOf(slug)
    expect(row).toMatchObject({ engine: null, kind: 'cloud', direct: true, dataPolicy: { zdr: null, trains: null } })
    expect(row && providerOf(row)).toBe(providerOf({ slug, kind: 'cloud' }))
    expect(await provider('list')).toMatch(new RegExp(`${slug} +cloud +- +1 `))
  })

  it('does not take it for free, as a server of one’s own would be', async () => {
    await expect(provider(local, models)).rejects.toThrow('tells no prices')
    await provider(priced, models)
    await provider('refresh deepseek', models)
    expect(await ownOf('deepseek/deepseek-chat', 'deepseek')).toMatchObject({ price: { prompt: '0.0000003' } })
  })

  it.each(['vllm', 'openai'])('takes it for a server of one’s own where the engine %s is named', async (engine) => {
    const elsewhere = `add thinkingmachines --base-url http://localhost:8000/v1 --engine ${engine} --zero-retention`
    const words = 'It is a server of yours, not what src/providers/ has of that name'
    expect(await provider(elsewhere, models)).toContain(words)
    expect(await provider('refresh thinkingmachines', models)).toContain(words)
    expect(await rowOf('thinkingmachines')).toMatchObject({ engine, baseUrl: 'http://localhost:8000/v1' })
    // Its promises go with it.
    await provider('remove thinkingmachines')
    const path = '/services/tinker-prod/oai/api/v1/models'
    expect(await provider('add thinkingmachines --price-prompt 1', { [path]: list({ id: 't' }) })).not.toContain(words)
    expect(await rowOf('thinkingmachines')).toMatchObject({ engine: null, dataPolicy: { zeroRetentionStatedBy: null } })
  })

  it('finds it where it is described to be, and nowhere else', async () => {
    const path = '/services/tinker-prod/oai/api/v1/models'
    const command = 'add thinkingmachines --price-prompt 1'
    const told = await provider(command, { [path]: list({ id: 't' }) })
    expect(told).toContain('at https://tinker.thinkingmachines.dev/services/tinker-prod/oai/api/v1, serves 1 model')
    await expect(provider(`${command} --base-url http://localhost:1/v1`)).rejects.toThrow('THINKINGMACHINES_BASE_URL')
  })
})

describe('what goes wrong', () => {
  it.each([
    ['add my-vllm', 'Where is my-vllm?'],
    ['refresh my-vllm', 'There is no my-vllm'],
    ['add my-vllm --base-url http://x/v1 --model absent', 'What it has: here.'],
  ])('is told: %s', async (command, words) => {
    await expect(provider(command, { '/v1/models': list({ id: 'here' }) })).rejects.toThrow(words)
  })

  it.each<[unknown, string]>([
    [undefined, 'answered 404'],
    [401, 'wants a key'],
    [new Error('refused'), 'No server answers'],
    [{ object: 'error' }, 'no list of models'],
    [list(), 'has no models'],
  ])('is told when the server answers %o', async (answer, words) => {
    await expect(provider('add x --base-url http://x/v1', { '/v1/models': answer })).rejects.toThrow(words)
  })

  it.each([
    'add',
    'add Big --base-url http://x',
    'add x y',
    'list x',
    'add x --base-url ftp://x',
    'add x --engine y',
    'add x --base-url http://x --model a=nope',
    'add x --base-url http://x --context many',
    'add x --base-url http://x --price-prompt cheap',
    'add x --nonsense',
    'destroy x',
  ])('is told before anything is done: %s', (command) => {
    expect(() => readCommand(command.split(' '))).toThrow()
  })

  it.each([
    ['bogus', 'There is no command "bogus".'],
    ['add', 'add takes the SLUG of a provider.'],
    ['list x', 'list does not take "x".'],
    ['remove x y z', 'remove does not take "y z".'],
  ])('is told what is wrong with the command: %s', (command, words) => {
    expect(() => readCommand(command.split(' '))).toThrow(`${words}\n\nUsage:`)
  })

  it('is not asking for help', async () => {
    expect(await provider('--help')).toContain('npm run provider -- add')
    expect(readCommand(['add', '--slug', 'x', '--base-url', 'http://x/'])).toMatchObject({
      slug: 'x',
      baseUrl: 'http://x',
    })
    expect(readCommand(['list', '--remote', '--env', 'eu'])).toMatchObject({ where: ['--remote', '--env', 'eu'] })
  })
})

describe('names and numbers', () => {
  it.each([
    ['my-vllm', true],
    ['a', true],
    ['-a', false],
    ['a--b', false],
    ['A', false],
    ['a.b', false],
    ['x'.repeat(64), false],
  ])('%s is a slug: %s', (text, good) => {
    expect(isSlug(text)).toBe(good)
  })

  it.each([
    ['Qwen/Qwen3-8B', 'qwen/qwen3-8b'],
    ['llama3.2:3b', 'box/llama3.2-3b'],
    ['gemma:latest', 'box/gemma'],
    ['/data/hf/Phi-4', 'box/phi-4'],
    ['/srv/models/Phi 4.gguf', 'box/phi-4'],
    ['a/b/c', 'box/a-b-c'],
    ['Ünï', 'box/n'],
    ['🌍', 'box/model'],
  ])('%s is %s', (name, id) => {
    expect(modelIdOf(name, 'box', new Map(), new Map())).toBe(id)
  })

  it.each([
    ['0.15', '0.00000015'],
    ['$3', '0.000003'],
    ['0', '0'],
    ['1000000', '1'],
    ['12500000.5', '12.5000005'],
    ['x', null],
    ['-1', null],
    ['1e3', null],
  ])('%s a million is %s a token', (text, price) => {
    expect(perToken(text)).toBe(price)
  })

  it.each(['0.15', '3', '0', '10', '1000000', '12500000.5'])(
    '%s a million comes back from its price a token',
    (text) => {
      expect(perMillion(perToken(text) ?? '')).toBe(text)
    },
  )

  it.each([
    [1e-7, '0.0000001'],
    ['2.5e-6', '0.0000025'],
    ['0.00000015', '0.00000015'],
    [0, '0'],
    [0.1 + 0.2, '0.3'],
    [3, '3'],
    [-1, null],
    ['', null],
    [null, null],
  ])('%s is the price %s', (value, text) => {
    expect(decimalOf(value)).toBe(text)
  })
})

describe('the address of a server', () => {
  it('may be on this machine or its network, but is never metadata, and never holds a password', () => {
    const add = (url: string) => readCommand(['add', 'mine', '--base-url', url])
    for (const url of ['http://localhost:8000/v1', 'http://192.168.1.5:8000', 'https://llm.example'])
      expect(add(url)).toMatchObject({ baseUrl: url })
    for (const url of [
      'http://169.254.169.254/',
      'http://0xa9fea9fe/',
      'http://[::ffff:169.254.169.254]/',
      'http://168.63.129.16/',
      'http://metadata.google.internal/',
      'https://user:password@llm.example',
      'https://llm.example@169.254.169.254/',
      'file:///etc/passwd',
      'http://',
    ])
      expect(() => add(url), url).toThrow('--base-url')
  })

  it('is not exchanged by a redirect', async () => {
    const inits: RequestInit[] = []
    const fetch = (async (_: string, init: RequestInit) => {
      inits.push(init)
      return Response.json(list(vllm('a')))
    }) as unknown as typeof globalThis.fetch
    await discoverModels({ baseUrl: 'http://localhost:8000/v1', engine: undefined, fetch, apiKey: 'sk' })
    expect(inits.length).toBeGreaterThan(0)
    expect(inits.every(({ redirect }) => redirect === 'error')).toBe(true)
  })
})
