/** An endpoint as an operator adds it to the catalogue of a gateway that is running. */
export interface OperatorEndpoint {
  /** The provider's slug, and its name too. An unknown one is taken for a plain OpenAI-shaped host. */
  provider: string
  model: string
  /** `upstream-<model's slug>` when left out. */
  upstreamId?: string
  /** Server software, for a provider that the operator runs. */
  engine?: string
  /** US dollars a token. */
  promptUsd?: string
  completionUsd?: string
  eu?: 'yes'
  /** Makes `provider/region` the tag. */
  region?: string
  parameters?: string[]
  contextLength?: number
  reasoning?: boolean
  inputModalities?: string[]
  /** Of the provider, where this adds it. */
  headquarters?: string
  router?: true
}

/** Adds endpoints with their models and providers. */
export async function addEndpoints(database: D1Database, endpoints: OperatorEndpoint[]): Promise<void> {
  const rows = JSON.stringify(
    endpoints.map((endpoint) => {
      const { provider, model, region } = endpoint
      const tag = region === undefined ? provider : `${provider}/${region}`
      return {
        promptUsd: '0.000001',
        completionUsd: '0.000002',
        contextLength: 100_000,
        upstreamId: `upstream-${model.slice(model.indexOf('/') + 1)}`,
        ...endpoint,
        parameters: JSON.stringify(endpoint.parameters ?? ['temperature', 'tools', 'tool_choice', 'max_tokens']),
        inputModalities: JSON.stringify(endpoint.inputModalities ?? ['text']),
        tag,
        id: `${tag}:${model}`,
        reasoning: endpoint.reasoning ? 1 : 0,
      }
    }),
  )
  const statements = [
    `INSERT OR IGNORE INTO providers (slug, name, kind, direct, engine, headquarters)
     SELECT value ->> 'provider', value ->> 'provider', iif(value ->> 'router', 'router', 'cloud'),
       iif(value ->> 'router', 0, 1), value ->> 'engine', value ->> 'headquarters'
     FROM json_each(?1)`,
    `INSERT OR IGNORE INTO models
       (id, canonical_slug, name, author, input_modalities, output_modalities, context_length, max_output_tokens,
       reasoning)
     SELECT value ->> 'model', value ->> 'model', value ->> 'model', 'test', value ->> 'inputModalities',
       '["text"]', 100000, 8000, value ->> 'reasoning'
     FROM json_each(?1)`,
    `INSERT INTO endpoints
       (id, model, provider, tag, upstream_id, region, eu, context_length, input_modalities, output_modalities, parameters)
     SELECT value ->> 'id', value ->> 'model', value ->> 'provider', value ->> 'tag', value ->> 'upstreamId',
       value ->> 'region', value ->> 'eu', value ->> 'contextLength', value ->> 'inputModalities',
       '["text"]', value ->> 'parameters'
     FROM json_each(?1)`,
    `INSERT INTO prices (endpoint, prompt, completion)
     SELECT value ->> 'id', value ->> 'promptUsd', value ->> 'completionUsd' FROM json_each(?1)`,
  ]
  await database.batch(statements.map((sql) => database.prepare(sql).bind(rows)))
}

/** The variables that make providers usable, each below a path of its own at one upstream. */
export function reachedAt(url: string, providers: string[]): Record<string, string> {
  return Object.fromEntries(
    providers.flatMap((slug) => {
      const prefix = slug.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()
      return [
        [`${prefix}_API_KEY`, `credential-of-${slug}`],
        [`${prefix}_BASE_URL`, `${url}/${slug}/v1`],
      ]
    }),
  )
}

/** The provider that `reachedAt` sent a request to, by its path. */
export function providerOfPath(path: string): string {
  return path.split('/')[1] ?? ''
}
