import { describe, expect, it } from 'vitest'
import { ThinkTags } from '../../../src/providers/openai-chat/think-tags.ts'

function split(pieces: string[]): { reasoning: string; text: string } {
  const tags = new ThinkTags()
  const heard = { reasoning: '', text: '' }
  for (const piece of [...pieces.map((text) => tags.push(text)), tags.end()].flat()) heard[piece.type] += piece.text
  return heard
}

describe('ThinkTags', () => {
  it.each([
    ['<think>why</think>because', 'why', 'because'],
    ['<think>\nwhy\n</think>\n\nbecause\n', 'why', 'because\n'],
    ['\n <think>why</think>', 'why', ''],
    ['<think></think>because', '', 'because'],
    ['<think>a < b </thin k</think>x', 'a < b </thin k', 'x'],
    ['<think>never closed </thi', 'never closed </thi', ''],
    ['no thoughts', '', 'no thoughts'],
    ['  indented', '', '  indented'],
    ['say <think>x</think>', '', 'say <think>x</think>'],
    ['<think>a</think>b <think>c</think>', 'a', 'b <think>c</think>'],
    ['<thinking>x', '', '<thinking>x'],
    ['<thi', '', '<thi'],
    ['', '', ''],
    ['   ', '', '   '],
    ['<think>ü🔑</think>🔑ü', 'ü🔑', '🔑ü'],
  ])('splits %j over any cut', (text, reasoning, rest) => {
    expect(split([text])).toEqual({ reasoning, text: rest })
    expect(split([...text])).toEqual({ reasoning, text: rest })
    for (let at = 0; at <= text.length; at++)
      expect(split([text.slice(0, at), text.slice(at)]), `${at}`).toEqual({ reasoning, text: rest })
  })

  it.each([
    ['before the tag', ''],
    ['inside', '<think>a'],
  ])('keeps no more white space waiting than a tag has around it: %s', (_, opening) => {
    const tags = new ThinkTags()
    const since = performance.now()
    const splits = [opening, ...Array.from({ length: 60_000 }, () => ' '.repeat(9)), 'b'].flatMap((piece) =>
      tags.push(piece),
    )
    const heard = [...splits, ...tags.end()].map(({ text }) => text).join('')
    expect(splits.length).toBeGreaterThan(50_000)
    expect(heard.trim().replace(/ +/, '')).toBe(opening === '' ? 'b' : 'ab')
    expect(heard).toHaveLength(60_000 * 9 + (opening === '' ? 1 : 2))
    expect(performance.now() - since).toBeLessThan(2_000)
  })

  it('does not keep words waiting that cannot become a tag', () => {
    const tags = new ThinkTags()
    expect(tags.push('<think>one two')).toEqual([{ type: 'reasoning', text: 'one two' }])
    expect(tags.push(' three')).toEqual([{ type: 'reasoning', text: ' three' }])
  })
})
