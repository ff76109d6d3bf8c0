import { describe, expect, it } from 'vitest'
import { regionOf } from '../../src/edge/region.ts'

describe('the region of a request', () => {
  it.each([
    ['http://eu.localhost:8787/api/v1/models', 'global', 'development', 'eu'],
    ['http://eu.gw.example/', 'global', 'development', 'eu'],
    ['http://localhost:8787/', 'global', 'development', 'global'],
    ['http://neu.localhost/', 'global', 'development', 'global'],
    ['http://localhost/eu.html', 'global', 'development', 'global'],
    ['http://localhost:8787/', 'eu', 'development', 'eu'],
    // Deployed, a host name promises nothing: the objects and the database are where the deployment is.
    ['https://eu.gw.example/', 'global', 'production', 'global'],
    ['https://gw.example/', 'eu', 'production', 'eu'],
  ])('%s with REGION=%s in %s is %s', (url, REGION, ENVIRONMENT, region) => {
    expect(regionOf(url, { REGION, ENVIRONMENT })).toBe(region)
  })
})
