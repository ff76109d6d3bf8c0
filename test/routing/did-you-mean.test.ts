import { describe, expect, it } from 'vitest'
import { meantBy } from '../../src/routing/did-you-mean.ts'

const ids = [
  'openai/gpt-4o',
  'openai/gpt-4o-mini',
  'openai/gpt-4o-audio-preview',
  'openai/gpt-4o-search-preview',
  'anthropic/claude-3.5-sonnet',
  'anthropic/claude-3',
  'meta/llama-3',
  'sandbox/llama-3',
]

describe('an id that is none means', () => {
  it.each<[string, string, string[]]>([
    ['the model of that name', 'gpt-4o', ['openai/gpt-4o']],
    ['it by whatever author', 'nobody/gpt-4o', ['openai/gpt-4o']],
    ['it with whatever suffix', 'GPT-4o:free', ['openai/gpt-4o']],
    ['it spelt another way', 'claude-3-5-sonnet', ['anthropic/claude-3.5-sonnet']],
    ['the same name of several authors', 'llama-3', ['meta/llama-3', 'sandbox/llama-3']],
    ['a router', 'auto', ['openrouter/auto']],
    ['no router that is not named', 'auto-complete', []],
    ['the model that it is a version of', 'claude-3-5-sonnet-20241022', ['anthropic/claude-3.5-sonnet']],
    [
      'what its name begins, three at most',
      'gpt',
      ['openai/gpt-4o', 'openai/gpt-4o-mini', 'openai/gpt-4o-audio-preview'],
    ],
    ['nothing where nothing is near', 'mixtral', []],
    ['nothing by a piece of a word', 'gpt-4', []],
    ['nothing where it says nothing', 'openai/', []],
  ])('%s', (_, wrongId, meant) => {
    expect(meantBy(wrongId, ids, ['openrouter/auto'])).toEqual(meant)
  })
})
