import { describe, expect, it } from 'vitest'
import type { Message } from '../../src/chat/request.ts'
import { compress, gapMark, type Room, withoutMiddle } from '../../src/routing/compress.ts'
import { needsOf } from '../../src/routing/needs.ts'
import { randomOf } from '../../src/routing/random.ts'
import { addText, newTextSize } from '../../src/routing/text-size.ts'

const system = (content = 'You are terse.'): Message => ({ role: 'system', content })
const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string): Message => ({ role: 'assistant', content })
const call = (...ids: string[]): Message => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{"x": 1}' } })),
})
const result = (id: string, content = 'done'): Message => ({ role: 'tool', tool_call_id: id, content })

/** About so many tokens of English. */
const text = (tokens: number, word = 'word') => `${word} `.repeat(Math.ceil((tokens * 4) / (word.length + 1)))
const weigh = (messages: readonly Message[]) => needsOf({ messages: [...messages] }).promptTokensEstimate
const turns = (count: number, tokens = 100) =>
  Array.from({ length: count }, (_, i) => [user(`q${i} ${text(tokens)}`), assistant(`a${i} ${text(tokens)}`)]).flat()
const namesOf = (messages: readonly Message[] | undefined) =>
  messages?.map(({ role, content }) => (role === 'system' ? 'system' : String(content).split(' ')[0]))

describe('messages that are too long', () => {
  it('stay as they are where they fit', () => {
    expect(compress(turns(3), { budgetTokens: 10_000 })).toBeNull()
    expect(compress([], { budgetTokens: 0 })).toBeNull()
  })

  it('lose their middle, by halves of what fits', () => {
    const messages = [system(), ...turns(10), user('last')]
    const made = compress(messages, { budgetTokens: 850 })
    expect(namesOf(made?.messages)).toEqual(
      ['system', 'q0', 'a0', 'q1', 'a1', 'q8', 'a8', 'q9', 'a9', 'last'].filter((name) =>
        namesOf(made?.messages)?.includes(name),
      ),
    )
    expect(namesOf(made?.messages)).toEqual(expect.arrayContaining(['system', 'q0', 'a0', 'a9', 'last']))
    expect(made?.leftOut).toBe(messages.length - (made?.messages.length ?? 0))
    expect(made?.shortened).toBe(0)
    expect(weigh(made?.messages ?? [])).toBeLessThanOrEqual(850)
    expect(weigh(made?.messages ?? [])).toBeGreaterThan(600)
  })

  it('keep system and developer messages wherever they are, whole', () => {
    const middle: Message = { role: 'developer', content: text(100, 'rule') }
    const made = compress([system(), ...turns(5), middle, ...turns(5), user('last')], { budgetTokens: 500 })
    expect(made?.messages).toContain(middle)
    expect(made?.messages[0]).toEqual(system())
  })

  it('keep what the user said last and what came after it', () => {
    const loop = [
      user('the task'),
      ...Array.from({ length: 40 }, (_, i) => [call(`c${i}`), result(`c${i}`, text(50))]).flat(),
    ]
    const made = compress([...turns(5), ...loop], { budgetTokens: 600 })
    expect(made?.messages).toContainEqual(user('the task'))
    expect(made?.messages.slice(-2)).toEqual(loop.slice(-2))
  })

  it('keep a call of tools with its results, or leave out both', () => {
    const messages = [
      user('go'),
      ...Array.from({ length: 30 }, (_, i) => [
        call(`a${i}`, `b${i}`),
        result(`b${i}`, text(40)),
        result(`a${i}`, text(40)),
      ]).flat(),
      user('and now?'),
    ]
    const made = compress(messages, { budgetTokens: 700 })
    expect(made?.leftOut).toBeGreaterThan(0)
    expect((made?.leftOut ?? 0) % 3).toBe(0)
    expectPairs(messages, made?.messages ?? [])
  })

  it('lose the middle of a giant before whole turns are given up for it', () => {
    const giant = user(`giant ${text(5_000)} end`)
    const made = compress([system(), giant, assistant('read it'), user('what does it say?')], { budgetTokens: 1_000 })
    expect(made).toMatchObject({ leftOut: 0, shortened: 1 })
    const shorter = String(made?.messages[1]?.content)
    expect(shorter).toMatch(/^giant word/)
    expect(shorter).toMatch(/word {2}?end$/)
    expect(weigh(made?.messages ?? [])).toBeGreaterThan(900)
  })

  it('lose the middle even of the last message where nothing else is left', () => {
    const made = compress([system(), ...turns(3), user(text(5_000))], { budgetTokens: 1_000 })
    expect(namesOf(made?.messages)).toEqual(['system', 'word'])
    expect(made).toMatchObject({ leftOut: 6, shortened: 1 })
    expect(weigh(made?.messages ?? [])).toBeLessThanOrEqual(1_000)
  })

  it('are left alone where what must stay does not fit', () => {
    expect(compress([system(text(2_000)), user('Hi')], { budgetTokens: 1_000 })).toBeNull()
    expect(compress([system(), user('Hi')], { budgetTokens: -5 })).toBeNull()
    const images: Message = {
      role: 'user',
      content: Array.from({ length: 5 }, () => ({
        type: 'image_url' as const,
        image_url: { url: 'https://a.example' },
      })),
    }
    expect(compress([...turns(3), images], { budgetTokens: 1_000 })).toBeNull()
  })

  it('begin with the user where they did, and take turns as they did', () => {
    for (let budgetTokens = 300; budgetTokens < 2_000; budgetTokens += 37) {
      const roles = compress([system(), ...turns(10), user('last')], { budgetTokens })?.messages.map(({ role }) => role)
      expect(roles?.slice(1)).toEqual(roles?.slice(1).map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')))
    }
  })

  it('keep parts that are not text, and the other fields of a message', () => {
    const image = { type: 'image_url' as const, image_url: { url: 'https://a.example/a.png' } }
    const last: Message = { role: 'user', name: 'Ada', content: [image, { type: 'text', text: text(5_000) }] }
    const made = compress([last], { budgetTokens: 2_000 })
    expect(made?.messages[0]).toMatchObject({ role: 'user', name: 'Ada', content: [image, { type: 'text' }] })
    expect(weigh(made?.messages ?? [])).toBeLessThanOrEqual(2_000)
  })

  it('are at most as many as a provider takes: half from the start, half from the end', () => {
    const many = [system(), ...turns(1_000, 1), user('last')]
    const made = compress(many, { budgetTokens: Number.MAX_SAFE_INTEGER, maxMessages: 1_000 })
    const names = namesOf(made?.messages)
    expect(names?.length).toBeLessThanOrEqual(1_000)
    expect(names?.length).toBeGreaterThanOrEqual(998)
    expect(names?.slice(0, 3)).toEqual(['system', 'q0', 'a0'])
    expect(names).toContain('q248')
    expect(names).toContain('a752')
    expect(names).not.toContain('q500')
  })

  it('may be 100,000', () => {
    const many = [
      ...Array.from({ length: 25_000 }, (_, i) => [
        user(`Question ${i}: what came of it, and why?`),
        call(`c${i}`),
        result(`c${i}`, 'Nothing much, as far as anybody knows.'),
        assistant('I see, thank you.'),
      ]).flat(),
      user('last'),
    ]
    expect(compress(many, { budgetTokens: 8_000 })?.leftOut).toBeGreaterThan(90_000)
  })
})

describe('a text without its middle', () => {
  const tokensOf = (given: string) => {
    const size = newTextSize()
    addText(size, given)
    return size.tokens
  }

  it('never ends in half a character, and fits whatever it is made of', () => {
    const mixed = `${'a'.repeat(3_000)}${'😀'.repeat(3_000)}${'語'.repeat(3_000)}${'é'.repeat(3_000)}`
    for (let tokens = 16; tokens < 2_000; tokens += 13) {
      for (const given of ['😀'.repeat(5_000), `x${'😀'.repeat(5_000)}`, mixed]) {
        const cut = withoutMiddle(given, tokens)
        expect(cut.isWellFormed()).toBe(true)
        expect(tokensOf(cut)).toBeLessThanOrEqual(tokens)
        const [head = '', tail = ''] = cut.split(gapMark)
        expect(given.startsWith(head) && given.endsWith(tail)).toBe(true)
      }
    }
  })

  it('is the text itself where that fits', () => {
    expect(withoutMiddle('Hello', 16)).toBe('Hello')
  })
})

describe('any messages at all', () => {
  const random = randomOf(1789)
  const integer = (below: number) => Math.floor(random() * below)
  const letters = ['word ', '語', 'ы', '😀', '{"a": 1}, ']
  const someText = () => (letters[integer(letters.length)] as string).repeat(integer(random() < 0.1 ? 3_000 : 60))

  function someMessages(): Message[] {
    const messages: Message[] = []
    const length = integer(40)
    for (let i = 0; i < length; i++) {
      const kind = integer(10)
      if (kind === 0) messages.push(system(someText().slice(0, 100)))
      else if (kind < 4) messages.push(user(someText()))
      else if (kind < 6) messages.push(assistant(someText()))
      else if (kind < 8) {
        const ids = Array.from({ length: 1 + integer(3) }, (_, n) => `c${i}-${n}`)
        messages.push(call(...ids), ...ids.filter(() => random() < 0.9).map((id) => result(id, someText())))
      } else if (kind === 8) messages.push(result('nobody', someText()))
      else {
        messages.push({
          role: 'user',
          content: [
            { type: 'text', text: someText() },
            { type: 'image_url', image_url: { url: 'https://a.example/a.png' } },
          ],
        })
      }
    }
    return messages
  }

  it('fit, are what was said with holes in the middle, and fit once and for all', () => {
    let compressed = 0
    for (let round = 0; round < 3_000; round++) {
      const messages = someMessages()
      const room: Room = {
        budgetTokens: 20 + integer(4_000),
        maxMessages: random() < 0.3 ? 4 + integer(30) : undefined,
      }
      const before = structuredClone(messages)
      const made = compress(messages, room)
      expect(messages).toEqual(before)
      expect(compress(messages, room)).toEqual(made)
      if (made === null) continue
      compressed++
      expect(exactly(made.messages)).toBeLessThanOrEqual(room.budgetTokens + 1e-3)
      expectMiddleOut(messages, made.messages)
      expectPairs(messages, made.messages)
      expect(made.leftOut).toBe(messages.length - made.messages.length)
      if (made.messages.length <= (room.maxMessages ?? 1_000)) expect(compress(made.messages, room)).toBeNull()
    }
    expect(compressed).toBeGreaterThan(500)
  })

  /** By the estimate, as the budget is. */
  function exactly(messages: readonly Message[]): number {
    const needs = needsOf({ messages: [...messages] })
    return needs.promptTokensEstimate - 1
  }
})

/** What is left is a subsequence; a text that was shortened has both its ends; what must stay is there. */
function expectMiddleOut(before: readonly Message[], after: readonly Message[]): void {
  let from = 0
  for (const message of after) {
    while (from < before.length && !isFrom(message, before[from] as Message)) from++
    expect(from).toBeLessThan(before.length)
    from++
  }
  for (const message of before) if (message.role === 'system') expect(after).toContain(message)
  const lastOfUser = before.findLast(({ role }) => role === 'user')
  if (lastOfUser) expect(after.some((message) => isFrom(message, lastOfUser))).toBe(true)
}

function isFrom(after: Message, before: Message): boolean {
  if (after === before) return true
  if (after.role === 'system' || after.role !== before.role) return false
  const texts = [after, before].map(({ content }) =>
    typeof content === 'string'
      ? [content]
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : part.type)),
  )
  return (
    texts[0]?.length === texts[1]?.length &&
    (texts[0] ?? []).every((text, i) => {
      const whole = texts[1]?.[i] ?? ''
      if (text === whole) return true
      const [head, tail] = text.split(gapMark)
      return head !== undefined && tail !== undefined && whole.startsWith(head) && whole.endsWith(tail)
    })
  )
}

/** Every call has the results that it had, and no result is without its call. */
function expectPairs(before: readonly Message[], after: readonly Message[]): void {
  const idsOf = (messages: readonly Message[]) =>
    messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []))
  const callsOf = (messages: readonly Message[]) =>
    messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : []))
  const called = new Set(callsOf(after))
  const answered = new Set(idsOf(after))
  const calledBefore = new Set(callsOf(before))
  for (const id of idsOf(before)) if (calledBefore.has(id)) expect(answered.has(id)).toBe(called.has(id))
}
