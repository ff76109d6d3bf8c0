import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/chat/parts.ts'
import { faultsOfAnswer, recordedAnswer, replay } from '../support/recorded/replay.ts'
import { leftOut, wireFor } from '../support/recorded/scope.ts'
import { hear } from './openai-chat/heard.ts'
import { allRecordings, bodyOf, haveRecordings, seeded } from './recordings.ts'

const recordings = allRecordings()
const apis = [...new Set(recordings.map(({ api }) => api))].sort()
const inScope = recordings.filter((recording) => leftOut(recording) === null)

describe.skipIf(!haveRecordings)('recorded traffic comes out whole, whatever its wire and however it is cut', () => {
  it.each(apis)('%s', (api) => {
    const verdicts = recordings.filter((recording) => recording.api === api).map(replay)
    const failed = verdicts.filter(({ faults }) => faults.length > 0)
    expect(failed.map(({ recording, faults }) => [recording.id, ...faults].join('\n  '))).toEqual([])
  })

  it('is never taken for whole where it was cut', () => {
    const random = seeded(20261121)
    let cuts = 0
    for (const recording of inScope) {
      if (recording.body_kind === 'json' || recording.response_status >= 400) continue
      const replayable = wireFor(recording)
      if (!replayable) continue
      const bytes = bodyOf(recording)
      const want = recordedAnswer(recording)
      for (let i = 0; i < 4; i++) {
        const decoder = replayable.wire.decodeStream(replayable.input)
        const parts = [...decoder.push(bytes.slice(0, Math.floor(random() * bytes.length))), ...decoder.end()]
        const { choices, errors } = hear(parts)
        if (errors.length === 0) {
          expect(choices.length, recording.id).toBe(want.choices.length)
          for (const choice of choices) expect(choice.finish, recording.id).not.toBeNull()
          continue
        }
        cuts++
        expect(errors, recording.id).toHaveLength(1)
        for (const [index, { text }] of choices.entries())
          expect(want.choices[index]?.text.startsWith(text.trimEnd()), recording.id).toBe(true)
      }
    }
    expect(cuts).toBeGreaterThan(1000)
  })

  it('leaves no API out without a reason, and most of the traffic in', () => {
    expect(recordings.filter((recording) => leftOut(recording) === 'unknown api')).toEqual([])
    expect(inScope.length).toBeGreaterThan(1400)
  })
})

describe.skipIf(!haveRecordings)('the judge of recorded traffic', () => {
  const wanted = ['tool-call', 'usage-only-last-chunk']
  const recording = inScope.find(
    ({ api, body_kind, tags }) =>
      api === 'openai-chat' && body_kind === 'sse' && wanted.every((tag) => tags.includes(tag)),
  )
  const heard = (): Part[] => {
    if (!recording) throw new Error('no such recording')
    const replayable = wireFor(recording)
    const decoder = replayable?.wire.decodeStream(replayable.input)
    return [...(decoder?.push(bodyOf(recording)) ?? []), ...(decoder?.end() ?? [])]
  }
  const want = () => recordedAnswer(recording as NonNullable<typeof recording>)

  it('finds nothing wrong with what is right', () => {
    expect(faultsOfAnswer(want(), heard(), false)).toEqual([])
  })

  it.each<[string, (parts: Part[]) => Part[]]>([
    ['a lost character', (parts) => parts.map((part) => shortened(part))],
    ['a repeated piece', (parts) => parts.flatMap((part) => (isPiece(part) ? [part, part] : [part]))],
    ['a lost usage', (parts) => parts.filter(({ type }) => type !== 'usage')],
    ['a lost finish', (parts) => parts.filter(({ type }) => type !== 'finish')],
    ['a wrong finish', (parts) => parts.map((part) => (part.type === 'finish' ? { ...part, reason: 'stop' } : part))],
    ['an error', (parts) => [...parts, { type: 'error', failure: { kind: 'truncated', message: 'x' } }]],
  ])('finds %s', (_, spoil) => {
    expect(faultsOfAnswer(want(), spoil(heard()), false)).not.toEqual([])
  })
})

function isPiece(part: Part): boolean {
  return part.type === 'tool-call-delta' && part.arguments !== '' && part.name === undefined
}

function shortened(part: Part): Part {
  return part.type === 'tool-call-delta' && isPiece(part) ? { ...part, arguments: part.arguments.slice(1) } : part
}
