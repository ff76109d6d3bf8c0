import { describe, expect, it } from 'vitest'
import { addressOf, type Door, settingsOf } from '../../../src/providers/azure/address.ts'
import { deploymentOf } from '../../../src/providers/azure/deployments.ts'

function address(settings: Record<string, string>, door: Door = 'chat', deployment = 'gpt-4o'): string | null {
  const variables = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`AZURE_${name}`, value]))
  return addressOf(door, deployment, settingsOf('AZURE', variables))
}

const resource = 'https://res.openai.azure.com'
const foundry = 'https://res.services.ai.azure.com'
const dated = '2024-10-21'

describe('the address of a resource', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a name', { RESOURCE: 'res' }, `${resource}/openai/v1`],
    ['a name given as an address', { RESOURCE: `${foundry}/` }, `${foundry}/openai/v1`],
    ['an endpoint', { OPENAI_ENDPOINT: ` ${resource}/ ` }, `${resource}/openai/v1`],
    ['a host alone', { OPENAI_ENDPOINT: 'res.openai.azure.com' }, `${resource}/openai/v1`],
    ['an endpoint with the new path', { OPENAI_ENDPOINT: `${resource}/openai/v1/` }, `${resource}/openai/v1`],
    ['a Foundry endpoint', { OPENAI_ENDPOINT: foundry }, `${foundry}/openai/v1`],
    ['a project', { OPENAI_ENDPOINT: `${foundry}/api/projects/p` }, `${foundry}/api/projects/p/openai/v1`],
    ['a front of one’s own', { OPENAI_ENDPOINT: 'http://127.0.0.1:8/azure' }, 'http://127.0.0.1:8/azure/openai/v1'],
    ['an endpoint before a name', { OPENAI_ENDPOINT: foundry, RESOURCE: 'other' }, `${foundry}/openai/v1`],
    ['the preview', { RESOURCE: 'res', API_VERSION: 'preview' }, `${resource}/openai/v1?api-version=preview`],
    ['the new API by name', { RESOURCE: 'res', API_VERSION: 'v1' }, `${resource}/openai/v1`],
    [
      'a dated version',
      { RESOURCE: 'res', API_VERSION: dated },
      `${resource}/openai/deployments/gpt-4o?api-version=${dated}`,
    ],
    [
      'the address that the portal copies',
      { OPENAI_ENDPOINT: `${resource}/openai/deployments/x/chat/completions?api-version=${dated}` },
      `${resource}/openai/deployments/gpt-4o?api-version=${dated}`,
    ],
    [
      'a version of one’s own before that of the address',
      { OPENAI_ENDPOINT: `${resource}/openai?api-version=2023-05-15`, API_VERSION: dated },
      `${resource}/openai/deployments/gpt-4o?api-version=${dated}`,
    ],
    [
      'Foundry’s inference API',
      { OPENAI_ENDPOINT: `${foundry}/models` },
      `${foundry}/models?api-version=2024-05-01-preview`,
    ],
    [
      'a version of it',
      { OPENAI_ENDPOINT: `${foundry}/models`, API_VERSION: '2025-04-01' },
      `${foundry}/models?api-version=2025-04-01`,
    ],
    [
      'a base URL before everything',
      { BASE_URL: 'https://front.example/v9/', RESOURCE: 'res' },
      'https://front.example/v9',
    ],
    [
      'a base URL with a place for the deployment',
      { BASE_URL: 'https://front.example/d/{deployment}', API_VERSION: dated },
      `https://front.example/d/gpt-4o?api-version=${dated}`,
    ],
  ])('is found from %s', (_, settings, want) => {
    expect(address(settings)).toBe(want)
  })

  it('names no deployment for responses', () => {
    expect(address({ RESOURCE: 'res' }, 'responses')).toBe(`${resource}/openai/v1`)
    const old = { RESOURCE: 'res', API_VERSION: '2025-03-01-preview' }
    expect(address(old, 'responses')).toBe(`${resource}/openai?api-version=2025-03-01-preview`)
    expect(address({ OPENAI_ENDPOINT: `${foundry}/models` }, 'responses')).toBe(`${foundry}/openai/v1`)
  })

  it('finds Claude at the Foundry host of the same resource', () => {
    const claude = `${foundry}/anthropic/v1`
    expect(address({ RESOURCE: 'res' }, 'messages')).toBe(claude)
    expect(
      address({ OPENAI_ENDPOINT: 'https://res.cognitiveservices.azure.com', API_VERSION: dated }, 'messages'),
    ).toBe(claude)
    expect(address({ OPENAI_ENDPOINT: `${foundry}/anthropic` }, 'messages')).toBe(claude)
    expect(address({ BASE_URL: 'https://front.example/openai/v1' }, 'messages')).toBe(
      'https://front.example/anthropic/v1',
    )
    expect(address({ BASE_URL: 'https://front.example/x' }, 'messages')).toBe('https://front.example/x')
  })

  it('keeps the name of a deployment in its place', () => {
    const settings = { RESOURCE: 'res', API_VERSION: dated }
    expect(address(settings, 'chat', 'a/b?c')).toBe(`${resource}/openai/deployments/a%2Fb%3Fc?api-version=${dated}`)
  })

  it('is none where nothing is configured, or nonsense', () => {
    expect(address({})).toBeNull()
    expect(address({ RESOURCE: '  ', OPENAI_ENDPOINT: '' })).toBeNull()
    expect(address({ OPENAI_ENDPOINT: 'https://' })).toBeNull()
  })
})

describe('the name of a deployment', () => {
  it.each([
    ['gpt-4o', undefined, 'gpt-4o'],
    ['gpt-4o', 'gpt-4o=prod, gpt-5 = five ', 'prod'],
    ['gpt-5', 'gpt-4o=prod, gpt-5 = five ', 'five'],
    ['gpt-4', 'gpt-4o=prod,gpt-4=,=x,gpt-4', 'gpt-4'],
  ])('of %s in %j is %s', (model, list, want) => {
    expect(deploymentOf(model, list)).toBe(want)
  })
})
