import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type * as ProviderCommand from '../../scripts/provider.mjs'
import type * as Registry from '../../src/providers/registry.ts'
import { readModel } from '../../src/store/catalog.ts'
import { sqliteD1 } from '../support/sqlite-d1.ts'
import { encodeInput } from './openai-chat/encode-input.ts'
import { chunk, hear, sse } from './openai-chat/heard.ts'

// A stranger adds a provider by the letter of CONTRIBUTING.md, in a copy of the sources.

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')

let copy: string
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'causeway-stranger-'))
  for (const folder of ['src', 'scripts']) cpSync(join(root, folder), join(copy, folder), { recursive: true })
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** The code blocks of the guide that name the file they belong to. */
function blocks(language: string): { path: string; text: string }[] {
  const pattern = new RegExp(`^\`\`\`${language} (src/\\S+)\\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  return [...guide.matchAll(pattern)].map(([, path = '', text = '']) => ({ path, text }))
}

/** What the guide's command writes about the one model of a host that looks like a server of one's own, as a gateway reads it. */
async function added(command: string) {
  const { run } = (await import(join(copy, 'scripts/provider.mjs'))) as typeof ProviderCommand
  const database = sqliteD1()
  const asked: string[] = []
  const told = await run(command.split(' '), {
    variables: {},
    fetch: async (url) => {
      asked.push(String(url))
      return Response.json({ data: [{ id: 'acme-large', owned_by: 'vllm' }] })
    },
    open: () => ({
      query: (statements) =>
        Promise.all(
          statements.map(async (sql) => (await database.prepare(sql).all<Record<string, unknown>>()).results),
        ),
      execute: async (statements) => {
        await database.batch(statements.map((sql) => database.prepare(sql)))
      },
    }),
  })
  const entry = await readModel(database, 'acme/acme-large')
  const [endpoint] = entry?.endpoints ?? []
  if (!entry || !endpoint) throw new Error(told)
  return { model: entry.model, endpoint, told, asked }
}

/** Puts each `+` line of a diff before or behind its neighbour in the file. */
function patched(source: string, diff: string): string {
  const lines = source.split('\n')
  const steps = diff.split('\n').filter((line) => line !== '')
  for (const [i, step] of steps.entries()) {
    if (!step.startsWith('+')) continue
    const after = steps[i + 1]?.startsWith(' ') ? steps[i + 1] : undefined
    const neighbour = (after ?? steps[i - 1] ?? '').slice(1)
    const at = lines.indexOf(neighbour)
    expect(at, neighbour).toBeGreaterThanOrEqual(0)
    lines.splice(after === undefined ? at + 1 : at, 0, step.slice(1))
  }
  return lines.join('\n')
}

it('adds an OpenAI-shaped provider with one file, one line of the registry and one command', async () => {
  const files = blocks('ts')
  const changes = blocks('diff')
  expect(files.map(({ path }) => path)).toEqual(['src/providers/acme.ts'])
  expect(changes.map(({ path }) => path)).toEqual(['src/providers/facts.ts'])
  // The line, and the import that it takes.
  expect(changes[0]?.text.match(/^\+/gm)).toHaveLength(2)
  for (const { path, text } of files) writeFileSync(join(copy, path), text)
  for (const { path, text } of changes) {
    const file = join(copy, path)
    writeFileSync(file, patched(readFileSync(file, 'utf8'), text))
  }

  const { providerOf } = (await import(join(copy, 'src/providers/registry.ts'))) as typeof Registry
  const [command] = [...guide.matchAll(/^npm run provider -- (add acme .*)$/gm)].map(([, words = '']) => words)
  const { model, endpoint, told, asked } = await added(command ?? '')
  expect(asked).toEqual(['https://api.acme.example/v1/models'])
  expect(told).toContain('It is used once ACME_API_KEY is set.')
  expect(endpoint.price).toEqual({ prompt: '0.0000005', completion: '0.000002' })
  expect(endpoint.eu).toBeNull()
  expect(endpoint.provider).toMatchObject({ engine: null, dataPolicy: { trains: null, retainsPrompts: null } })

  const provider = providerOf(endpoint.provider)
  const wire = provider?.wire(endpoint)
  if (!provider || !wire) throw new Error('no provider')
  expect(provider.needsCredential).not.toBe(false)
  expect(provider.baseUrl(endpoint, {})).toBe('https://api.acme.example/v1')
  expect(provider.baseUrl(endpoint, { ACME_BASE_URL: 'http://127.0.0.1:1/v1' })).toBe('http://127.0.0.1:1/v1')
  expect(provider.credential({ ACME_API_KEY: 'k' })).toEqual({ apiKey: 'k' })

  const input = encodeInput({ reasoning: { enabled: true }, logit_bias: { 5: 1 } }, { endpoint, model })
  const encoded = wire.encode(input)
  expect(JSON.parse(encoded.body)).toMatchObject({ thinking: { type: 'enabled' }, model: 'acme-large' })
  expect(encoded.translation).toEqual([{ field: 'logit_bias', action: 'dropped', reason: 'refused-by-provider' }])
  const decoder = wire.decodeStream(input)
  const stream = sse(chunk({ content: 'Hi' }), chunk({}, { finish_reason: 'stop' }), '[DONE]')
  expect(hear([...decoder.push(stream), ...decoder.end()]).choices[0]).toMatchObject({ text: 'Hi' })
  const error = { status: 400, headers: new Headers(), body: '{"error":{"code":"1113","message":"x"}}' }
  expect(wire.classify(error).kind).toBe('payment')
})
