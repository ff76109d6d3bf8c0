import { describe, expect, it } from 'vitest'
import { FailureError } from '../../src/chat/failure.ts'
import { openEgress } from '../../src/edge/egress.ts'

function recorder(environment: 'production' | 'development' = 'production') {
  const calls: { url: string; init: RequestInit }[] = []
  const egress = openEgress({
    environment,
    fetch: async (url, init) => {
      calls.push({ url, init })
      return new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/' } })
    },
  })
  return { egress, calls }
}

describe('the egress', () => {
  it('opens a public address and follows no redirect', async () => {
    const { egress, calls } = recorder()
    const response = await egress('https://api.example.com/v1/x', { method: 'POST', redirect: 'follow' })
    expect(response.status).toBe(302)
    expect(calls).toEqual([{ url: 'https://api.example.com/v1/x', init: { method: 'POST', redirect: 'manual' } }])
  })

  it('refuses before anything is sent', async () => {
    const { egress, calls } = recorder()
    await expect(egress('http://api.example.com/', {})).rejects.toBeInstanceOf(FailureError)
    await expect(egress('https://10.0.0.1/', {})).rejects.toMatchObject({ failure: { type: 'invalid_request' } })
    expect(calls).toEqual([])
  })

  it('is not led astray by an origin that it has allowed before', async () => {
    const { egress, calls } = recorder()
    await egress('https://api.example.com/v1', {})
    const tricks = [
      'https://api.example.com@10.0.0.1/',
      'https://api.example.com:443@10.0.0.1/',
      'https://api.example.com\\@10.0.0.1/',
      'https://api.example.com#@10.0.0.1/',
      'https:\\\\10.0.0.1\\://api.example.com/v1',
      'https:/10.0.0.1/://api.example.com/v1',
      'https:10.0.0.1/://api.example.com/',
      '\thttps://10.0.0.1/',
      'https://10.0.\n0.1/',
      'http://api.example.com/v1',
    ]
    for (const url of tricks) {
      const host = new URL(url).hostname
      if (new URL(url).protocol === 'https:' && host === 'api.example.com') await egress(url, {})
      else await expect(egress(url, {}), url).rejects.toBeInstanceOf(FailureError)
    }
    for (const { url } of calls) expect(new URL(url).hostname).toBe('api.example.com')
  })

  it('reaches the local machine in development', async () => {
    const { egress, calls } = recorder('development')
    await egress('http://127.0.0.1:9000/v1', {})
    expect(calls).toHaveLength(1)
  })
})
