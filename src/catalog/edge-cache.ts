/** What the isolates of one place share between their memories and D1. Losing it costs a read, nothing else. */
export interface EdgeCache {
  get(key: string): Promise<string | null>
  put(key: string, text: string): Promise<void>
}

// Far beyond the age at which a copy is read again: an old one is what a cold isolate has left when D1 is down.
const keepSeconds = 24 * 60 * 60

/**
 * An edge cache over the Cache API. `scope` names the deployment and its region, so that one never reads another's
 * catalogue.
 */
export function edgeCacheOver(cache: Cache, scope: string): EdgeCache {
  // The Cache API takes URLs only; this one is never fetched.
  const url = (key: string) => `https://catalog.invalid/${encodeURIComponent(scope)}/${encodeURIComponent(key)}`
  return {
    async get(key) {
      const response = await cache.match(url(key))
      return response ? response.text() : null
    },
    async put(key, text) {
      const headers = { 'content-type': 'application/json', 'cache-control': `public, max-age=${keepSeconds}` }
      await cache.put(url(key), new Response(text, { headers }))
    },
  }
}
