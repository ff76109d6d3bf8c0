import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sampleOf } from '../../src/sandbox/schema-sample.ts'

const shapes = {
  'an object with every scalar': z.object({
    name: z.string(),
    age: z.int().min(18).max(120),
    score: z.number().gt(0).lt(1),
    member: z.boolean(),
    none: z.null(),
  }),
  'lists and tuples': z.object({ tags: z.array(z.string()).min(2).max(3), pair: z.tuple([z.string(), z.number()]) }),
  'choices and constants': z.object({
    unit: z.enum(['celsius', 'fahrenheit']),
    kind: z.literal('forecast'),
    either: z.union([z.object({ a: z.int() }), z.string()]),
    maybe: z.string().nullable(),
  }),
  'string formats and lengths': z.object({
    when: z.iso.datetime(),
    id: z.uuid(),
    mail: z.email(),
    code: z.string().length(4),
    long: z.string().min(40),
  }),
  'numbers in steps': z.object({ cents: z.int().multipleOf(5).min(12), below: z.number().max(-3) }),
}

describe('a sample of a schema', () => {
  it.each(Object.entries(shapes))('conforms: %s', (_, shape) => {
    expect(() => shape.parse(sampleOf(z.toJSONSchema(shape)))).not.toThrow()
  })

  it('is always the same', () => {
    const schema = z.toJSONSchema(shapes['choices and constants'])
    expect(sampleOf(schema)).toEqual(sampleOf(structuredClone(schema)))
  })

  it('follows local references and ends recursive ones', () => {
    const Tree = z.object({
      name: z.string(),
      get children() {
        return z.array(Tree)
      },
    })
    const sample = sampleOf(z.toJSONSchema(Tree))
    expect(() => Tree.parse(sample)).not.toThrow()
  })

  it('ends a schema that doubles with every level, and one that can never end', () => {
    const twins = { type: 'object', properties: {} as Record<string, unknown>, required: [] as string[] }
    for (let index = 0; index < 30; index++) {
      twins.properties[`p${index}`] = { $ref: '#' }
      twins.required.push(`p${index}`)
    }
    expect(JSON.stringify(sampleOf(twins)).length).toBeLessThan(500_000)
    expect(() => sampleOf({ $ref: '#' })).not.toThrow()
  })

  it('costs no product of what is in a schema', () => {
    // Each way would look at hundreds of millions of names, the first for minutes.
    const names = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, value]))
    const many = { allOf: Array.from({ length: 60_000 }, () => ({ type: 'string' })) }
    const wide = { type: 'object', properties: names(20_000, { const: 1 }) }
    const lists = (depth: number, inner: unknown): unknown =>
      depth === 0 ? inner : { type: 'array', items: lists(depth - 1, inner) }
    const schemas = [
      { type: 'object', properties: names(9_000, { $ref: '#/$defs/many' }), $defs: { many } },
      { type: 'array', minItems: 1_000, items: { allOf: [wide, wide, wide] } },
      lists(7, { type: 'array', minItems: 1_000, items: { type: 'array', minItems: 1_000, items: wide } }),
      { type: 'array', minItems: 1_000, items: { $ref: `#${'/a'.repeat(200_000)}` } },
      { type: 'object', required: Object.keys(names(50_000, 1)), properties: names(50_000, { type: 'string' }) },
      {
        type: 'array',
        minItems: 1_000,
        items: { type: 'array', minItems: 9, items: { type: 'string', minLength: 1_000 } },
      },
    ]
    for (const schema of schemas) {
      const since = performance.now()
      expect(JSON.stringify(sampleOf(schema)).length).toBeLessThan(2_000_000)
      expect(performance.now() - since).toBeLessThan(8_000)
    }
  })

  it('merges what allOf asks for', () => {
    const schema = {
      allOf: [{ $ref: '#/$defs/a' }, { properties: { b: { type: 'integer' } }, required: ['b'] }],
      type: 'object',
      $defs: { a: { properties: { a: { const: 1 } }, required: ['a'] } },
    }
    expect(sampleOf(schema)).toMatchObject({ a: 1, b: 1 })
  })

  it('treats names of the language like any other', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"const":1},"constructor":{"type":"string","format":"constructor"}}}',
    )
    const sample = sampleOf(schema)
    expect(Object.keys(sample as object)).toEqual(['__proto__', 'constructor'])
    expect(JSON.stringify(sample)).toBe('{"__proto__":1,"constructor":"sandbox"}')
  })
})
