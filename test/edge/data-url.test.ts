import { expect, it } from 'vitest'
import { base64, bytesOf } from '../../src/edge/base64.ts'
import { parseDataUrl } from '../../src/edge/data-url.ts'

it.each([
  ['data:image/png;base64,aGk=', 'image/png', 'aGk='],
  ['data:Image/PNG;charset=utf-8; BASE64 ,aG\n k=', 'image/png', 'aGk='],
  ['data:text/plain,w%C3%B6rld 🌍', 'text/plain', base64('wörld 🌍')],
  ['data:,100%', '', base64('100%')],
  ['data:;base64,aGk=', '', 'aGk='],
  ['data:image/png;base64', 'image/png', ''],
  ['data:', '', ''],
])('%j is of type %j', (url, mediaType, data) => {
  expect(parseDataUrl(url)).toEqual({ mediaType, data })
})

it('keeps every byte in base64', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  expect(bytesOf(base64(bytes))).toEqual(bytes)
  expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  expect(() => bytesOf('ä')).toThrow()
})
