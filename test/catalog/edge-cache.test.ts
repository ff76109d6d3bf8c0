import { expect, it } from 'vitest'
import { edgeCacheOver } from '../../src/catalog/edge-cache.ts'

/** The part of the Cache API that is used, over a map. */
function mapCache() {
  const responses = new Map<string, Response>()
  const cache = {
    match: async (url: string) => responses.get(url)?.clone(),
    put: async (url: string, response: Response) => {
      responses.set(url, response)
    },
  }
  return { cache: cache as unknown as Cache, responses }
}

it('gives back what was put, and null for the rest', async () => {
  const edgeCache = edgeCacheOver(mapCache().cache, 'causeway/global')
  await edgeCache.put('v1/model/acme/m1:free?x#y', '{"ü":1}')
  expect(await edgeCache.get('v1/model/acme/m1:free?x#y')).toBe('{"ü":1}')
  expect(await edgeCache.get('v1/model/acme/m1')).toBeNull()
})

it('never shows one deployment the catalogue of another', async () => {
  const { cache } = mapCache()
  await edgeCacheOver(cache, 'causeway/global').put('models', 'global')
  expect(await edgeCacheOver(cache, 'causeway/eu').get('models')).toBeNull()
  expect(await edgeCacheOver(cache, 'causeway').get('global/models')).toBeNull()
})

it('keeps a copy for a day, for a cold start while D1 is down', async () => {
  const { cache, responses } = mapCache()
  await edgeCacheOver(cache, 'causeway/global').put('models', '[]')
  const [response] = [...responses.values()]
  expect(response?.headers.get('cache-control')).toBe('public, max-age=86400')
})
