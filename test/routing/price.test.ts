import { describe, expect, it } from 'vitest'
import type { MaxPrice } from '../../src/chat/request.ts'
import { isWithin, type PriceCaps, priceCaps, pricePerToken } from '../../src/routing/price.ts'

describe('pricePerToken', () => {
  it('is the mean of prompt and completion, and a thousandth of a fee a request', () => {
    expect(pricePerToken({ prompt: '0.000001', completion: '0.000003' })).toBeCloseTo(2e-6, 12)
    expect(pricePerToken({ prompt: '0', completion: '0', request: '0.005' })).toBeCloseTo(5e-6, 12)
  })
})

describe('max_price', () => {
  it('reads numbers and numeric strings', () => {
    expect(priceCaps({ prompt: 1, completion: '2.5', image: 0 })).toEqual({ prompt: 1, completion: 2.5, image: 0 })
  })

  it.each([undefined, null, {}])('takes %j for no cap', (none) => {
    expect(priceCaps(none)).toBeNull()
  })

  it.each(['', ' ', 'cheap', -1, '-1', Number.NaN, '1,5', true, {}])('refuses %j and names the component', (value) => {
    const refused = priceCaps({ completion: value } as MaxPrice)
    expect(refused).toMatchObject({
      failure: { type: 'invalid_request', message: expect.stringContaining('provider.max_price.completion') },
    })
  })

  it.each<[PriceCaps, boolean]>([
    [{ prompt: 0.6 }, true],
    [{ prompt: 0.59 }, false],
    [{ prompt: 0.6, completion: 1.2 }, true],
    [{ prompt: 0.6, completion: 1.19 }, false],
    [{ request: 0.01 }, true],
    [{ request: 0.009 }, false],
    [{ image: 0 }, true],
    [{ audio: 3 }, true],
    [{ audio: 2.9 }, false],
  ])('holds %j to what an endpoint charges: %s', (caps, expected) => {
    const price = { prompt: '0.0000006', completion: '0.0000012', request: '0.01', audioInput: '0.000003' }
    expect(isWithin(caps, price)).toBe(expected)
  })
})
