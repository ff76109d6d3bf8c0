import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseChatRequest } from '../../src/api/chat-completions/parse.ts'
import { refusePrivateMedia } from '../../src/api/media-addresses.ts'
import { FailureError } from '../../src/chat/failure.ts'
import { forbiddenAddresses, forbiddenSchemes } from '../edge/forbidden-addresses.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Every place of a request that takes the address of a medium, and how the refusal names it. */
const places: [string, (url: string) => unknown, string][] = [
  ['an image', (url) => user({ type: 'image_url', image_url: { url } }), 'messages[0].content[0].image_url.url'],
  ['a bare image', (url) => user({ type: 'image_url', image_url: url }), 'messages[0].content[0].image_url.url'],
  ['a video', (url) => user({ type: 'input_video', video_url: { url } }), 'messages[0].content[0].video_url.url'],
  ['a file', (url) => user({ type: 'file', file: { file_data: url } }), 'messages[0].content[0].file.file_data'],
  [
    'a field that we do not know',
    (url) => user({ type: 'file', file: { file_url: url } }),
    'messages[0].content[0].file.file_url',
  ],
  [
    'an image of Anthropic’s form',
    (url) => user({ type: 'image', source: { type: 'url', url } }),
    'messages[0].content[0].image_url.url',
  ],
  [
    'a document of Anthropic’s form',
    (url) => user({ type: 'document', source: { type: 'url', url } }),
    'messages[0].content[0].file.file_data',
  ],
  [
    'the result of a tool',
    (url) => [{ role: 'tool', tool_call_id: 'a', content: [{ type: 'image_url', image_url: { url } }] }],
    'messages[0].content[0].image_url.url',
  ],
  [
    'an image of an earlier answer',
    (url) => [{ role: 'assistant', content: 'x', images: [{ type: 'image_url', image_url: { url } }] }],
    'messages[0].images[0].image_url.url',
  ],
]

function user(part: object) {
  return [{ role: 'user', content: [part] }]
}

function refusal(messages: unknown, environment: 'production' | 'development' = 'production') {
  const request = parseChatRequest(JSON.stringify({ model: 'a/b', messages }))
  try {
    refusePrivateMedia(request, environment)
    return null
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return error.failure
  }
}

describe('the address of a medium', () => {
  it.each(places)('in %s never leads into a private network', (_, messages, field) => {
    for (const url of [...forbiddenAddresses, ...forbiddenAddresses.map((one) => one.replace(/https:/i, 'http:'))])
      expect(refusal(messages(url)), url).toMatchObject({ type: 'invalid_request', metadata: { field } })
    for (const url of forbiddenSchemes) expect(refusal(messages(url)), url).toMatchObject({ metadata: { field } })
  })

  it.each([
    'https://example.com/a.png',
    'https://example.com:8443/a.png?x=http://127.0.0.1/',
    'data:image/png;base64,AAAA',
    'DATA:image/png;base64,AAAA',
    'gs://bucket/a.png',
    's3://bucket/a.png',
    'AAAA+/==',
    'v',
  ])('may be %s', (url) => {
    for (const [, messages] of places) expect(refusal(messages(url))).toBeNull()
  })

  it.each(['\u00a0', '\u3000', '\ufeff', '\u0085', ' '.repeat(100), '\t\n'])(
    'is seen behind what clients strip: %j',
    (blank) => {
      for (const [, messages] of places) expect(refusal(messages(`${blank}http://127.0.0.1/a.png`))).not.toBeNull()
      for (const [, messages] of places)
        expect(refusal(messages(`h${'\t'.repeat(100)}ttp://127.0.0.1/a.png`))).not.toBeNull()
    },
  )

  it.each(places)('in %s is plain http in development only', (_, messages, field) => {
    const url = 'http://example.com/a.png'
    expect(refusal(messages(url))).toMatchObject({ type: 'invalid_request', metadata: { field } })
    expect(refusal(messages(url), 'development')).toBeNull()
  })

  it('may be this machine’s in development, but never its metadata or a file', () => {
    const [, image] = places[0] ?? []
    expect(refusal(image?.('http://localhost:9000/a.png'), 'development')).toBeNull()
    expect(refusal(image?.('http://169.254.169.254/'), 'development')).not.toBeNull()
    expect(refusal(image?.('file:///etc/passwd'), 'development')).not.toBeNull()
  })

  it('of megabytes is not parsed', () => {
    const parsed = vi.fn(() => {
      throw new Error('parsed')
    })
    vi.stubGlobal('URL', Object.assign(parsed, { canParse: parsed }))
    const url = `data:image/png;base64,${'A'.repeat(20_000_000)}`
    expect(refusal(user({ type: 'image_url', image_url: { url } }))).toBeNull()
    expect(parsed).not.toHaveBeenCalled()
  })
})
