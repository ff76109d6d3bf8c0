import { createParser } from 'eventsource-parser'
import { describe, expect, it } from 'vitest'
import { SseEvents } from '../../src/edge/sse-events.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function eventsOf(pieces: Uint8Array[], maxEventBytes = 1 << 20) {
  const events: { name: string | null; data: string }[] = []
  const cutter = new SseEvents(
    (bytes, start, end, name) => events.push({ name, data: decoder.decode(bytes.subarray(start, end)) }),
    maxEventBytes,
  )
  for (const piece of pieces) cutter.push(piece)
  cutter.end()
  return { events, cutter }
}

const everything =
  ': hello\n\ndata: {"a":"€ 🙂"}\n\nevent: error\r\ndata:{"b":1}\r\n\r\nid: 7\rdata: x\rdata: y\r\rdata\n\n' +
  'database: no\nevents: no\n\n:data: no\n\ndata:  two spaces\n\ndata: [DONE]'

describe('server-sent events cut from bytes', () => {
  it('finds every event whatever ends its lines', () => {
    expect(eventsOf([encoder.encode(everything)]).events).toEqual([
      { name: null, data: '{"a":"€ 🙂"}' },
      { name: 'error', data: '{"b":1}' },
      { name: null, data: 'x\ny' },
      { name: null, data: '' },
      { name: null, data: ' two spaces' },
      { name: null, data: '[DONE]' },
    ])
  })

  it('finds the same events when the stream is cut in two at any byte', () => {
    const bytes = encoder.encode(everything)
    const whole = eventsOf([bytes]).events
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(eventsOf([bytes.slice(0, cut), bytes.slice(cut)]).events, `cut at ${cut}`).toEqual(whole)
  })

  it('finds the same events byte by byte', () => {
    const bytes = encoder.encode(everything)
    expect(eventsOf([...bytes].map((byte) => Uint8Array.of(byte))).events).toEqual(eventsOf([bytes]).events)
  })

  it('agrees with eventsource-parser on terminated streams', () => {
    const text = `\uFEFF${everything}\n\n`
    const expected: { name: string | null; data: string }[] = []
    createParser({ onEvent: (event) => expected.push({ name: event.event ?? null, data: event.data }) }).feed(text)
    expect(eventsOf([encoder.encode(text)]).events).toEqual(expected)
  })

  it('gives up on an event that outgrows the limit instead of holding it', () => {
    const { events, cutter } = eventsOf([encoder.encode('data: ok\n\ndata: '), new Uint8Array(100).fill(0x61)], 50)
    expect(cutter.overflowed).toBe(true)
    expect(events).toEqual([{ name: null, data: 'ok' }])
  })

  it('takes an event of very many lines, or of very many reads, in no time', () => {
    const lines = encoder.encode('data: x\n'.repeat(400_000))
    const pieces = Array.from({ length: 400 }, (_, index) => lines.subarray(index * 8_000, (index + 1) * 8_000))
    const drops = Array.from({ length: 400_000 }, () => encoder.encode('y'))
    const startedAt = performance.now()
    const { events } = eventsOf([...pieces, encoder.encode('\ndata: '), ...drops], 1 << 20)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(events.map(({ data }) => data.length)).toEqual([799_999, 400_000])
  })

  it('counts all lines of an event against the limit', () => {
    expect(eventsOf([encoder.encode('data: x\n'.repeat(30))], 50).cutter.overflowed).toBe(true)
  })
})
