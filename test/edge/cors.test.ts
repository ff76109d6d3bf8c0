import { describe, expect, it } from 'vitest'
import { corsHeaders, preflight } from '../../src/edge/cors.ts'

describe('a preflight', () => {
  it('gets back the headers that it asks for', () => {
    const asked = 'authorization, content-type, x-stainless-os, x-stainless-retry-count'
    const response = preflight(
      new Request('https://gw.example/', { method: 'OPTIONS', headers: { 'Access-Control-Request-Headers': asked } }),
    )
    expect(response.status).toBe(204)
    expect(response.body).toBeNull()
    expect(response.headers.get('Access-Control-Allow-Headers')).toBe(asked)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Access-Control-Allow-Methods')).toBe('GET, POST, PUT, PATCH, DELETE, OPTIONS')
    expect(response.headers.has('Access-Control-Allow-Credentials')).toBe(false)
  })
})

describe('every response', () => {
  it('shows pages the headers that explain it', () => {
    expect(corsHeaders['Access-Control-Expose-Headers']?.split(', ')).toEqual(
      expect.arrayContaining(['X-Generation-Id', 'X-Provider-Name', 'cf-ray', 'Retry-After', 'X-RateLimit-Reset']),
    )
  })
})
