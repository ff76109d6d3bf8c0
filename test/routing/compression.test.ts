import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { compressionWish, promptTokensFor, smallContextTokens } from '../../src/routing/compression.ts'
import { plan } from '../../src/routing/plan.ts'
import { promoteSticky } from '../../src/routing/sticky.ts'
import { endpointRecord, planInput } from './records.ts'

const on: Partial<ChatRequest> = { plugins: [{ id: 'context-compression' }] }
const off: Partial<ChatRequest> = { plugins: [{ id: 'context-compression', enabled: false }] }
/** A conversation of about so many tokens. */
const long = (tokens: number): Pick<ChatRequest, 'messages'> => ({
  messages: [
    { role: 'user', content: 'word '.repeat((tokens * 0.8) / 2) },
    { role: 'assistant', content: 'word '.repeat((tokens * 0.8) / 2) },
    { role: 'user', content: 'Go on' },
  ],
})
const holding = (tag: string, contextLength: number | null, changes: Partial<EndpointRecord> = {}) =>
  endpointRecord(tag, 1, { contextLength, ...changes })

function planned(endpoints: EndpointRecord[] | EndpointRecord[][], request: Partial<ChatRequest>) {
  return plan(planInput(endpoints, request))
}
const tagsOf = (...given: Parameters<typeof planned>) => planned(...given).attempts.map(({ endpoint }) => endpoint.tag)

describe('whether messages may be left out', () => {
  const wish = (request: Partial<ChatRequest>) => compressionWish({ messages: [], ...request })

  it.each<[string, Partial<ChatRequest>, boolean | null]>([
    ['nobody says', {}, null],
    ['the plugin is named', on, true],
    ['the plugin is switched on', { plugins: [{ id: 'context-compression', enabled: true }] }, true],
    ['the plugin is switched off', off, false],
    ['there are other plugins', { plugins: [{ id: 'web', enabled: false }] }, null],
    ['the older field asks for it', { transforms: ['middle-out'] }, true],
    ['the older field is empty', { transforms: [] }, false],
    ['both speak, and the plugin wins', { ...off, transforms: ['middle-out'] }, false],
    ['nothing may be changed', { provider: { strict: true } }, false],
    ['it is asked for all the same', { ...on, provider: { strict: true } }, true],
    ['parameters are required', { provider: { require_parameters: true } }, null],
  ])('%s', (_, request, expected) => {
    expect(wish(request)).toBe(expected)
  })
})

describe('a prompt that is too long', () => {
  it('goes to a small context by default, and to a large one where that is asked for', () => {
    const small = holding('small', smallContextTokens)
    const large = holding('large', smallContextTokens + 1)
    expect(tagsOf([small], long(100_000))).toEqual(['small'])
    expect(planned([large], long(100_000)).failure?.type).toBe('context_length_exceeded')
    expect(tagsOf([large], { ...long(100_000), ...on })).toEqual(['large'])
    expect(planned([small], { ...long(100_000), ...off }).failure?.message).toContain('context-compression')
    expect(planned([small], { ...long(100_000), provider: { strict: true } }).failure).not.toBeNull()
    expect(tagsOf([small], { ...long(100_000), provider: { require_parameters: true } })).toEqual(['small'])
  })

  it('is estimated by what is left of it, and whole where nothing can be left out', () => {
    const sent = (request: Partial<ChatRequest>) => {
      const { attempts, input } = planned([holding('small', 8_192)], request)
      const [attempt] = attempts
      if (!attempt) throw new Error('it is not planned')
      return { budget: attempt.promptBudgetTokens, tokens: promptTokensFor(input.needs, attempt), needs: input.needs }
    }
    expect(sent(long(100)).tokens).toBe(sent(long(100)).needs.promptTokensEstimate)
    const tool = (words: number) => ({
      tools: [{ type: 'function' as const, function: { name: 'f', description: 'word '.repeat(words) } }],
    })
    const cut = sent({ ...long(100_000), ...tool(800) })
    expect(cut.tokens).toBe((cut.budget ?? 0) + cut.needs.outsideMessagesTokens)
    expect(cut.tokens).toBeLessThan(8_192)
    // The tools alone leave no room by the estimate, though perhaps they do.
    const full = sent({ ...long(10), ...tool(6_500), max_tokens: 1_000 })
    expect(full.budget).toBeLessThan(0)
    expect(full.tokens).toBe(full.needs.promptTokensEstimate)
  })

  it('has a budget that leaves room for the answer and for tools', () => {
    const budget = (request: Partial<ChatRequest>, changes: Partial<EndpointRecord> = {}) =>
      planned([holding('small', 8_000, changes)], { ...long(10_000), ...request }).attempts[0]?.promptBudgetTokens
    expect(budget({})).toBe(6_300)
    expect(budget({ max_tokens: 4_000 })).toBe(3_600)
    expect(budget({}, { maxPromptTokens: 3_000 })).toBe(2_700)
    const tools = [{ type: 'function' as const, function: { name: 'f', description: 'word '.repeat(800) } }]
    expect(budget({ tools })).toBeLessThan(6_300 - 990)
    expect(budget({ ...long(5_000) })).toBeUndefined()
    expect(budget({ ...long(5_000), max_tokens: 4_000 })).toBe(3_600)
  })

  it('is refused where what must stay is too long by itself, without a remedy that would not help', () => {
    const system: ChatRequest['messages'] = [{ role: 'system', content: 'word '.repeat(40_000) }]
    const request = { messages: [...system, ...long(1_000).messages] }
    expect(planned([holding('small', 8_000)], request).failure?.type).toBe('context_length_exceeded')
    const told = planned([holding('small', 8_000)], { ...request, ...on }).failure?.message
    expect(told).toContain('Please reduce the length of either one')
    expect(told).not.toContain('plugin')
  })

  it('is refused by a model that only speaks', () => {
    const speaks = holding('speaks', 4_000, { outputModalities: ['audio'] })
    const request = { ...long(20_000), ...on, modalities: ['audio' as const] }
    expect(planned([speaks], request).failure?.type).toBe('context_length_exceeded')
  })

  it('prefers who takes it whole, then who holds half of it, then the largest', () => {
    const endpoints = [
      holding('tiny', 1_000),
      holding('less', 4_000),
      holding('half', 6_000),
      holding('whole', 50_000),
      holding('nobody-says', null),
    ]
    for (let seed = 0; seed < 20; seed++) {
      const { attempts } = plan(planInput(endpoints, { ...long(10_000), ...on }, { seed }))
      const tags = attempts.map(({ endpoint }) => endpoint.tag)
      expect(tags.slice(0, 2).sort()).toEqual(['nobody-says', 'whole'])
      expect(tags.slice(2)).toEqual(['half', 'less', 'tiny'])
      expect(attempts.slice(0, 2).map(({ probability }) => probability)).toEqual([0.5, 0.5])
    }
  })

  it('goes to a fallback model rather than to one that holds less than half of it', () => {
    const models = (first: number) => [
      [holding('first', first, { model: 'acme/m1' })],
      [holding('second', 50_000, { model: 'acme/m2' })],
    ]
    const request = { ...long(10_000), ...on }
    expect(tagsOf(models(4_000), request)).toEqual(['second', 'first'])
    expect(tagsOf(models(6_000), request)).toEqual(['first', 'second'])
  })

  it('goes where the client sends it, whatever has to be left out', () => {
    const endpoints = [holding('whole', 50_000), holding('tiny', 1_000)]
    expect(tagsOf(endpoints, { ...long(10_000), ...on, provider: { order: ['tiny'] } })).toEqual(['tiny', 'whole'])
  })

  it('leaves the endpoint that answered before for one that takes it whole', () => {
    const input = planInput([holding('whole', 50_000), holding('half', 6_000)], { ...long(10_000), ...on })
    const drawn = plan(input)
    expect(promoteSticky(drawn, 'half:acme/m1')).toBe(drawn)
    const single = planInput([holding('half', 6_000), holding('other', 6_000)], {
      ...long(10_000),
      ...on,
      provider: { sort: 'price', allow_fallbacks: false },
    })
    const [first] = plan(single).attempts
    const other = first?.endpoint.tag === 'half' ? 'other' : 'half'
    const [kept] = promoteSticky(plan(single), `${other}:acme/m1`).attempts
    expect([kept?.endpoint.tag, kept?.promptBudgetTokens]).toEqual([other, first?.promptBudgetTokens])
  })
})

describe('a request of very many messages', () => {
  const many = { messages: Array.from({ length: 1_001 }, () => ({ role: 'user' as const, content: 'Hi' })) }

  it('may lose some where a provider counts them and the client agrees', () => {
    const budgetOf = (request: Partial<ChatRequest>) =>
      planned([holding('large', 200_000)], request).attempts[0]?.promptBudgetTokens
    expect(budgetOf(many)).toBeUndefined()
    expect(budgetOf({ ...many, ...on })).toBe(Number.MAX_SAFE_INTEGER)
    expect(budgetOf({ messages: many.messages.slice(1), ...on })).toBeUndefined()
  })
})
