import { describe, expect, it } from 'vitest'
import { inputSchemaOf, strictSchemaOf } from '../../../src/providers/anthropic-messages/schema.ts'
import type { JsonRecord } from '../../../src/providers/foreign-json.ts'

const object = (properties: JsonRecord, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})

describe('a schema that answers are held to', () => {
  it('is closed, and its limits become words', () => {
    const strict = strictSchemaOf({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...object({
        age: { type: 'integer', minimum: 0, maximum: 150, description: 'Years' },
        mail: { type: 'string', format: 'email', pattern: '@' },
        code: { type: 'string', format: 'zip' },
        tags: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
        many: { type: 'array', items: { $ref: '#/$defs/Item' }, minItems: 3 },
        either: { oneOf: [{ type: 'null' }, { const: 1 }] },
      }),
      $defs: { Item: object({ minimum: { type: 'number' } }) },
    })
    expect(strict).toEqual({
      changed: true,
      schema: {
        ...object({
          age: { type: 'integer', description: 'Years\n\n{minimum: 0, maximum: 150}' },
          mail: { type: 'string', format: 'email', description: '{pattern: "@"}' },
          code: { type: 'string', description: '{format: "zip"}' },
          tags: { type: 'array', items: { type: 'string', description: '{minLength: 1}' }, minItems: 1 },
          many: { type: 'array', items: { $ref: '#/$defs/Item' }, description: '{minItems: 3}' },
          either: { anyOf: [{ type: 'null' }, { const: 1 }] },
        }),
        additionalProperties: false,
        $defs: { Item: { ...object({ minimum: { type: 'number' } }), additionalProperties: false } },
      },
    })
  })

  it('is as it was where there is nothing to say', () => {
    const schema = { ...object({ a: { type: 'string', enum: ['x', 'y'] } }), additionalProperties: false }
    expect(strictSchemaOf(schema)).toEqual({ schema, changed: false })
  })

  it.each<[string, JsonRecord]>([
    ['any more fields', { ...object({}), additionalProperties: true }],
    ['more fields of a kind', { ...object({}), additionalProperties: { type: 'string' } }],
    ['fields by pattern', { ...object({}), patternProperties: { '^x': {} } }],
    ['anything at all', object({ a: { type: 'object' } })],
    ['itself', { ...object({ next: { $ref: '#/$defs/N' } }), $defs: { N: object({ next: { $ref: '#/$defs/N' } }) } }],
    ['its root', object({ next: { $ref: '#' } })],
    ['something elsewhere', object({ a: { $ref: 'https://x.example/s.json' } })],
    ['much that may be left out', object(Object.fromEntries('abcdefghijk'.split('').map((name) => [name, {}])), [])],
  ])('cannot hold %s', (_, schema) => {
    expect(strictSchemaOf(schema)).toBeNull()
  })

  it('may use a definition twice', () => {
    const twice = object({ a: { $ref: '#/$defs/N' }, b: { $ref: '#/$defs/N' } })
    expect(strictSchemaOf({ ...twice, $defs: { N: { type: 'string' } } })).not.toBeNull()
  })
})

describe('a schema for the input of a tool', () => {
  it('is left alone when an object is at its root', () => {
    const schema = { ...object({ a: { anyOf: [{ type: 'null' }, {}] } }), additionalProperties: true }
    expect(inputSchemaOf(schema)).toEqual({ schema, changed: false })
    expect(inputSchemaOf(schema).schema).toBe(schema)
    expect(inputSchemaOf(undefined).schema).toEqual({ type: 'object', properties: {} })
    expect(inputSchemaOf({ properties: {} })).toEqual({ schema: { type: 'object', properties: {} }, changed: false })
  })

  it('allows each branch of a root with alternatives', () => {
    const a = object({ kind: { const: 'a' }, x: {} })
    const b = object({ kind: { const: 'b' }, y: {} }, ['kind'])
    expect(inputSchemaOf({ anyOf: [a, b], description: 'Either' })).toEqual({
      changed: true,
      schema: {
        type: 'object',
        description: 'Either',
        properties: { kind: { const: 'b' }, x: {}, y: {} },
        required: ['kind'],
      },
    })
  })

  it('demands all parts of a root that is put together', () => {
    const { schema } = inputSchemaOf({ allOf: [object({ x: {} }), object({ y: {} })] })
    expect(schema).toEqual(object({ x: {}, y: {} }))
  })

  it('is what its root refers to', () => {
    const $defs = { Args: object({ x: { $ref: '#/$defs/Args' } }) }
    expect(inputSchemaOf({ $ref: '#/$defs/Args', $defs }).schema).toEqual({ ...$defs.Args, $defs })
    expect(inputSchemaOf({ $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A' } } }).schema).toMatchObject({
      type: 'object',
    })
  })
})
