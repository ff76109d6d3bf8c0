import { describe, expect, it } from 'vitest'
import type { ChatRequest, FunctionTool, Message } from '../../../src/chat/request.ts'
import { classify, type Signal } from '../../../src/routing/auto/classify.ts'
import type { CostTier } from '../../../src/routing/auto/tiers.ts'
import { needsOf } from '../../../src/routing/needs.ts'

function ask(prompt: string, fields: Partial<ChatRequest> = {}) {
  const request: ChatRequest = { messages: [{ role: 'user', content: prompt }], ...fields }
  return classify(request, needsOf(request))
}

const tool = (name: string): FunctionTool => ({ type: 'function', function: { name } })
const schema = { type: 'json_schema' as const, json_schema: { name: 'person', schema: { type: 'object' } } }

const prompts: [prompt: string, tier: CostTier, signals: Signal[]][] = [
  // Small talk and questions
  ['Hello', 'low', []],
  ['', 'low', []],
  ['What is the capital of France?', 'low', ['routine']],
  ['Tell me a joke about cats.', 'low', []],
  ['How are you today?', 'low', []],
  ['Who wrote Hamlet, and when?', 'low', []],
  ['What time zone is Lisbon in?', 'low', []],
  ['Thanks, that helped!', 'low', []],
  ['Name three fruits that are red.', 'low', []],
  ['Should I let my class import their own snacks?', 'low', []],
  ['We return to the const of nature: var is a river.', 'low', []],
  ['Please select a book from the list and tell me about it.', 'low', []],
  ['🎉🎉🎉', 'low', []],
  ['12345 67890', 'low', []],
  // Routine work
  ['Translate "good morning" into Spanish.', 'low', ['routine']],
  ['Summarize this article: The cat sat on the mat.', 'low', ['routine']],
  ['Fix the grammar: me has two apple', 'low', ['routine']],
  ['Classify this review as positive or negative: I loved it.', 'low', ['routine']],
  ['Extract all e-mail addresses from this text.', 'low', ['routine']],
  ['Give me a synonym for happy; rephrase: I am happy.', 'low', ['routine']],
  ['Write a subject line for this newsletter.', 'low', ['routine']],
  ['Übersetze den Satz ins Englische: Der Hund schläft.', 'low', ['routine']],
  ['Fasse den folgenden Text bitte zusammen.', 'low', ['routine']],
  ['Traduis cette phrase en anglais.', 'low', ['routine']],
  // Code
  ['```python\nprint("hi")\n```\nWhy does this fail?', 'medium', ['code']],
  ['Write a function that reverses a linked list.', 'medium', ['code']],
  ['def add(a, b):\n    return a + b\nmake it generic', 'medium', ['code']],
  ['const x = 5\nwhy is x read-only?', 'medium', ['code']],
  ['SELECT id, name FROM users WHERE age > 3', 'medium', ['code']],
  ['Traceback (most recent call last):\n  File "a.py"', 'medium', ['code']],
  ['TypeError: undefined is not an object', 'medium', ['code']],
  ['at Object.run (/app/index.js:10:5) what now?', 'medium', ['code']],
  ['Help me refactor this legacy module.', 'medium', ['code']],
  ['Explain this regex please', 'medium', ['code']],
  ['Create a Python script to rename my files', 'medium', ['code']],
  ['#include <stdio.h>\nint main() { return 0; }', 'medium', ['code']],
  ['int a = 1;\nint b = 2;\nswap them', 'medium', ['code']],
  ['<div class="x"></div> centre it', 'medium', ['code']],
  ['Summarize what this code does: ```js\nf()\n```', 'medium', ['code']],
  ['Design a REST api component and analyse its trade-offs:\n```ts\ninterface A {}\n```', 'high', ['code', 'involved']],
  // Maths and logic
  ['Prove that the square root of 2 is irrational.', 'medium', ['maths']],
  ['Compute \\int_0^1 x^2 dx', 'medium', ['maths']],
  ['What is the probability of two sixes in three throws?', 'medium', ['maths']],
  ['Think step by step: which bus is faster?', 'medium', ['maths']],
  ['Find the eigenvalues of this matrix: [[1,2],[3,4]]', 'medium', ['maths']],
  ['Solve for x: ∑ x = 3', 'medium', ['maths']],
  ['Here is a riddle: what walks on four legs?', 'medium', ['maths']],
  ['Give an in-depth proof of the theorem and analyse it.', 'high', ['maths', 'involved']],
  // Involved writing
  ['Write a comprehensive essay on the French Revolution.', 'medium', ['involved']],
  ['Analyse the causes of the crisis of 2008.', 'medium', ['involved']],
  ['What are the pros and cons of remote work?', 'medium', ['involved']],
  ['Draft a business plan for a bakery.', 'medium', ['involved']],
  ['Summarize and evaluate the two proposals.', 'medium', ['involved']],
  ['Do this:\n- one\n- two\n- three\n- four', 'medium', ['involved']],
  // Scripts
  ['フランスの首都はどこですか', 'medium', ['other-script']],
  ['Какая сегодня погода?', 'medium', ['other-script']],
  ['ما هي عاصمة فرنسا؟', 'medium', ['other-script']],
  ['नमस्ते, आप कैसे हैं?', 'medium', ['other-script']],
  ['今天天气怎么样', 'medium', ['other-script']],
  ['Ποια είναι η πρωτεύουσα;', 'medium', ['other-script']],
  ['What does 猫 mean?', 'low', []],
  ['Ça va très bien, merci à vous, Łukasz', 'low', []],
  ['Объясни код:\n```py\nx = 1\n```', 'high', ['code', 'other-script']],
]

describe('classify', () => {
  it.each(prompts)('%j is %s', (prompt, tier, signals) => {
    expect(ask(prompt)).toMatchObject({ tier, signals })
  })

  it.each<[string, Partial<ChatRequest>, CostTier, Signal[]]>([
    ['a tool', { tools: [tool('f')] }, 'medium', ['tools']],
    ['a tool that must not be called', { tools: [tool('f')], tool_choice: 'none' }, 'low', []],
    ['many tools', { tools: Array.from({ length: 8 }, (_, i) => tool(`f${i}`)) }, 'medium', ['tools', 'agent']],
    ['a schema', { response_format: schema }, 'medium', ['schema']],
    ['any JSON', { response_format: { type: 'json_object' } }, 'low', []],
    ['some reasoning', { reasoning: { effort: 'low' } }, 'medium', ['reasons-some']],
    ['reasoning turned on', { reasoning: { enabled: true } }, 'medium', ['reasons-some']],
    ['a budget of reasoning', { reasoning: { max_tokens: 2000 } }, 'medium', ['reasons-some']],
    ['much reasoning', { reasoning_effort: 'high' }, 'medium', ['reasons-much']],
    ['most reasoning', { reasoning: { effort: 'xhigh' } }, 'high', ['reasons-most']],
    ['no reasoning', { reasoning: { effort: 'none' } }, 'low', []],
    ['reasoning turned off', { reasoning: { enabled: false, effort: 'high' } }, 'low', []],
  ])('weighs %s', (_, fields, tier, signals) => {
    expect(ask('Hello', fields)).toMatchObject({ tier, signals })
  })

  it.each<[string, Message, Signal[]]>([
    [
      'an image',
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] },
      ['media'],
    ],
    ['a document', { role: 'user', content: [{ type: 'file', file: { file_data: 'data:,x' } }] }, ['media']],
    [
      'a recording',
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }] },
      ['media'],
    ],
    [
      'text in parts',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Fix my' },
          { type: 'text', text: '```c```' },
        ],
      },
      ['code'],
    ],
  ])('looks at %s', (_, message, signals) => {
    expect(ask('', { messages: [message] }).signals).toEqual(signals)
  })

  it('counts length by tokens, not by words of a signal', () => {
    expect(ask('word '.repeat(2_000)).signals).toEqual([])
    expect(ask('word '.repeat(4_000)).signals).toEqual(['long'])
    expect(ask('word '.repeat(40_000))).toMatchObject({ tier: 'medium', signals: ['long', 'very-long'] })
  })

  it('reads the end of a long question', () => {
    expect(ask(`${'word '.repeat(2_500)}\n\nNow refactor it.`).signals).toContain('code')
  })

  it('sees an agent at work, and the code it works on', () => {
    const messages: Message[] = [
      { role: 'system', content: 'You never write code, you debug nothing.' },
      { role: 'user', content: 'Why is it red?' },
      { role: 'assistant', content: 'Looking:\n```ts\nlet a = 1\n```' },
      { role: 'tool', tool_call_id: 'a', content: '{}' },
    ]
    const { signals, tier } = ask('', { messages, tools: [tool('read')] })
    expect(signals).toEqual(['code', 'tools', 'agent'])
    expect(tier).toBe('high')
    expect(ask('', { messages: messages.slice(0, 2) }).signals, 'a system prompt is no task').toEqual([])
  })

  it('reaches every tier', () => {
    const fields: Partial<ChatRequest> = { tools: [tool('a')], response_format: schema }
    expect(ask('Refactor and analyse this', { ...fields, reasoning: { effort: 'low' } }).tier).toBe('xhigh')
    expect(ask('Refactor and analyse this', { ...fields, reasoning: { effort: 'max' } }).tier).toBe('max')
  })

  it('tells the same of the same request, and leaves it as it was', () => {
    const request: ChatRequest = { messages: [{ role: 'user', content: 'Prove it: ```x```' }], tools: [tool('f')] }
    const before = structuredClone(request)
    const first = classify(request, needsOf(request))
    for (let i = 0; i < 20; i++) expect(classify(request, needsOf(request))).toEqual(first)
    expect(request).toEqual(before)
  })

  it.each([
    ['spaces', ' '],
    ['lines', '\n'],
    ['list items', '\n- a'],
    ['half fences', '``'],
    ['half functions', 'function function('],
    ['brackets', '=>({;\n'],
    ['half queries', 'SELECT '],
    ['half classes', 'class a class '],
    ['half stacks', 'at a.b.c '],
    ['half errors', 'AaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaErro'],
    ['half wishes', 'write a the a the '],
    ['half summaries', 'fasse fasse '],
    ['signs', '\u0301\u0301'],
  ])('takes no longer for ten megabytes of %s', (_, unit) => {
    const request: ChatRequest = {
      messages: Array.from({ length: 40 }, () => ({ role: 'user', content: unit.repeat(250_000 / unit.length) })),
    }
    const needs = needsOf(request)
    const startedAt = performance.now()
    classify(request, needs)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
