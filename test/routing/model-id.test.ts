import { describe, expect, it } from 'vitest'
import type { ModelEntry } from '../../src/catalog/records.ts'
import { parseModelId, resolveModel } from '../../src/routing/model-id.ts'
import { endpointRecord, modelEntry } from './records.ts'

const paid = modelEntry([endpointRecord('alpha')])
const mixed = modelEntry([
  endpointRecord('alpha', 1, { model: 'acme/m2' }),
  endpointRecord('beta', 0, { model: 'acme/m2' }),
])
const freePool = modelEntry([endpointRecord('beta', 0, { model: 'acme/m1:extended' })])
const tagged = modelEntry([endpointRecord('local', 0, { model: 'llama3:8b' })])
const catalog: Record<string, ModelEntry> = {
  'acme/m1': paid,
  'acme/m2': mixed,
  'acme/m1:extended': freePool,
  'llama3:8b': tagged,
}
const lookup = (id: string) => catalog[id] ?? null

describe('parseModelId', () => {
  it.each([
    ['acme/m1', { base: 'acme/m1', statics: [], dynamics: [], unknown: [] }],
    ['acme/m1:free:nitro', { base: 'acme/m1', statics: ['free'], dynamics: ['nitro'], unknown: [] }],
    ['acme/m1:floor:free:floor', { base: 'acme/m1', statics: ['free'], dynamics: ['floor'], unknown: [] }],
    ['acme/m1:8b', { base: 'acme/m1', statics: [], dynamics: [], unknown: ['8b'] }],
    ['acme/m1:', { base: 'acme/m1', statics: [], dynamics: [], unknown: [''] }],
  ])('splits %s', (id, parsed) => {
    expect(parseModelId(id)).toEqual(parsed)
  })
})

describe('resolveModel', () => {
  it.each([
    ['acme/m1', { entry: paid }],
    ['acme/m1:nitro', { entry: paid, dynamics: ['nitro'] }],
    ['acme/m1:extended:floor', { entry: freePool, dynamics: ['floor'] }],
    ['acme/m2:free', { entry: mixed, freeOnly: true }],
    ['acme/m2:free:exacto', { entry: mixed, freeOnly: true, dynamics: ['exacto'] }],
    ['llama3:8b', { entry: tagged }],
  ])('finds %s', (id, found) => {
    expect(resolveModel(id, lookup)).toEqual({ requestedId: id, ...found })
  })

  it.each(['acme/nothing', 'acme/m1:best', 'acme/m1:nitro:best', 'acme/nothing:free', ':free', ''])(
    'does not know %j',
    (id) => {
      expect(resolveModel(id, lookup)).toMatchObject({
        failure: {
          type: 'invalid_request',
          message: `${id} is not a valid model ID`,
          availability: { code: 'model_not_found', retryable: false, requested_models: [id] },
        },
      })
    },
  )

  it.each([
    ['acme/m1:thinking', 'nobody serves acme/m1 as ":thinking". Use acme/m1, and set "reasoning"'],
    ['acme/m2:extended:nitro', 'Use acme/m2, whose whole context is open'],
    ['acme/m1:batch', 'there is no batch API here'],
    ['acme/m2:free:thinking', 'Use acme/m2, and set "reasoning"'],
  ])('says what to use instead of %s', (id, advice) => {
    expect(resolveModel(id, lookup)).toMatchObject({
      failure: {
        type: 'invalid_request',
        message: expect.stringMatching(new RegExp(`^${id} is not a valid model ID: `)),
        availability: { code: 'model_not_found', fallback_models: [id.slice(0, 7)] },
      },
    })
    expect(resolveModel(id, lookup)).toMatchObject({ failure: { message: expect.stringContaining(advice) } })
  })

  it('says that a free variant has ended, and what to use instead', () => {
    expect(resolveModel('acme/m1:free', lookup)).toMatchObject({
      failure: { type: 'not_found', availability: { code: 'free_variant_ended', fallback_models: ['acme/m1'] } },
    })
  })

  it('waits for a catalogue that has to ask, and only for that', async () => {
    expect(resolveModel('acme/m1:nitro', lookup)).not.toBeInstanceOf(Promise)
    const asked: string[] = []
    const slow = async (id: string) => {
      asked.push(id)
      return lookup(id)
    }
    expect(await resolveModel('acme/m2:free', slow)).toMatchObject({ entry: mixed, freeOnly: true })
    expect(asked).toEqual(['acme/m2:free', 'acme/m2'])
    asked.length = 0
    expect(await resolveModel('acme/m1:nitro:floor', slow)).toMatchObject({ entry: paid })
    expect(asked, 'an id that no catalogue has').toEqual(['acme/m1'])
  })
})
