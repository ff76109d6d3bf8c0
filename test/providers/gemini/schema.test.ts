import { describe, expect, it } from 'vitest'
import { geminiSchema } from '../../../src/providers/gemini/schema.ts'

function sanitised(schema: unknown): { schema: unknown; lost: boolean } {
  const before = structuredClone(schema)
  let lost = false
  const result = geminiSchema(schema, () => {
    lost = true
  })
  expect(schema).toEqual(before)
  return { schema: result, lost }
}

describe('a schema for Gemini', () => {
  it.each([
    [{ $schema: 'x', type: 'string', default: 'a', examples: ['a'] }, { type: 'string' }],
    [{ const: 'a' }, { enum: ['a'], type: 'string' }],
    [{ const: 3 }, { enum: [3], type: 'number' }],
    [{ type: ['string', 'null'] }, { type: ['string', 'null'] }],
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      { type: 'string', enum: ['a', null] },
      { type: ['string', 'null'], enum: ['a'] },
    ],
    [{ oneOf: [{ type: 'string' }, { type: 'null' }] }, { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    [
      { allOf: [{ type: 'string', title: 'T' }], title: 'Own' },
      { type: 'string', title: 'Own' },
    ],
    [
      { $ref: '#/definitions/A', definitions: { A: { const: 'a' } } },
      { $ref: '#/$defs/A', $defs: { A: { enum: ['a'], type: 'string' } } },
    ],
    [
      { type: 'array', items: [{ type: 'string' }] },
      { type: 'array', prefixItems: [{ type: 'string' }] },
    ],
    [
      { type: 'object', properties: { a: true } },
      { type: 'object', properties: { a: {} } },
    ],
    [
      { type: 'STRING', format: 'date-time' },
      { type: 'string', format: 'date-time' },
    ],
    [
      { type: 'object', additionalProperties: { type: 'integer', minimum: 1 } },
      { type: 'object', additionalProperties: { type: 'integer', minimum: 1 } },
    ],
    [
      { type: 'object', properties: { const: { type: 'string' } } },
      { type: 'object', properties: { const: { type: 'string' } } },
    ],
  ])('%j is %j', (schema, expected) => {
    expect(sanitised(schema)).toEqual({ schema: expected, lost: false })
  })

  it.each([
    [{ type: 'string', pattern: 'a+' }, { type: 'string' }],
    [{ type: 'string', format: 'uri' }, { type: 'string' }],
    [{ type: 'integer', exclusiveMinimum: 0 }, { type: 'integer' }],
    [{ enum: [true, 'a'] }, { enum: ['a'], type: 'string' }],
    [{ const: true }, { type: 'boolean' }],
    [{ allOf: [{ type: 'string' }, { title: 'x' }] }, {}],
    [
      { type: 'object', properties: { a: {} }, required: ['a', 'b'] },
      { type: 'object', properties: { a: {} }, required: ['a'] },
    ],
    [
      { type: 'object', properties: {}, required: ['b'] },
      { type: 'object', properties: {} },
    ],
  ])('%j loses something as %j, and says so', (schema, expected) => {
    expect(sanitised(schema)).toEqual({ schema: expected, lost: true })
  })

  it('keeps a property that is called __proto__', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}')
    expect(JSON.stringify(geminiSchema(schema, () => {}))).toBe(JSON.stringify(schema))
  })
})
