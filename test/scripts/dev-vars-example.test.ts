import { globSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { exampleText } from '../../scripts/build-dev-vars.mjs'
import providers from '../../seed/providers.json'
import { readConfiguration } from '../../src/configuration.ts'

const example = readFileSync('.dev.vars.example', 'utf8')
const variables = parseEnv(example)

describe('.dev.vars.example', () => {
  it('is made from the catalogue as it is now (node scripts/build-dev-vars.mjs)', () => {
    expect(example).toBe(exampleText(providers))
  })

  it.each([
    ['openai', 'OPENAI'],
    ['amazon-bedrock', 'AMAZON_BEDROCK'],
    ['z-ai', 'Z_AI'],
    ['302ai', '302AI'],
  ])('gives %s a key and a base URL', (_, prefix) => {
    expect(variables).toMatchObject({ [`${prefix}_API_KEY`]: '', [`${prefix}_BASE_URL`]: '' })
  })

  it('has two variables for every provider, and sets none', () => {
    const names = Object.keys(variables)
    expect(names.filter((name) => name.endsWith('_API_KEY')).length).toBeGreaterThanOrEqual(providers.length)
    expect(new Set(Object.values(variables))).toEqual(new Set(['']))
    expect(names).toEqual(expect.arrayContaining(['AWS_ACCESS_KEY_ID', 'AZURE_OPENAI_ENDPOINT', 'AZURE_API_KEY']))
  })

  it('lists whatever the code reads', () => {
    const sources = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'))
    const read = sources.flatMap((source) =>
      [...source.matchAll(/\bvariables\.([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name),
    )
    expect(read.length).toBeGreaterThan(5)
    const settings = new Proxy({}, { get: (_, name) => void read.push(String(name)) })
    expect(readConfiguration(settings).faults).toEqual([])
    expect(read).toContain('MAX_BODY_BYTES')
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(read))
  })
})
