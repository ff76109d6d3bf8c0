import { describe, expect, it } from 'vitest'
import type { Modality } from '../../src/catalog/records.ts'
import { answersOn, surfaces } from '../../src/routing/surfaces.ts'

describe('a chat', () => {
  it.each<[string, Modality[], Modality[], boolean, boolean?]>([
    ['is answered in text', ['text'], [], true],
    ['is answered in text with pictures', ['text', 'image'], [], true],
    ['is tried where nobody says what the model makes', [], [], true],
    ['is answered in speech alone where that was asked for', ['audio', 'speech'], ['audio'], true],
    ['is not answered in speech alone otherwise', ['audio', 'speech'], [], false],
    ['is not answered in pictures alone by who makes them', ['image'], ['image'], false],
    ['is answered in pictures alone by a router that was asked for them', ['image'], ['image'], true, false],
    ['is not answered in pictures alone by a router otherwise', ['image'], [], false, false],
    ['is not answered in vectors', ['embeddings'], [], false],
    ['is not answered in rankings', ['rerank'], [], false],
    ['is not answered in transcriptions', ['transcription'], [], false],
    ['is not answered by who reads aloud elsewhere', ['speech'], ['audio'], false],
    ['is not answered in films', ['video'], [], false],
  ])('%s', (_, outputModalities, asked, answers, direct = true) => {
    expect(answersOn('chat', { outputModalities, provider: { direct } }, asked)).toBe(answers)
  })
})

describe('the surfaces', () => {
  it('are one for every kind of output', () => {
    const outputs: Modality[] = ['text', 'image', 'audio', 'video', 'embeddings', 'rerank', 'speech', 'transcription']
    expect(surfaces.map(({ output }) => output).sort()).toEqual(outputs.sort())
  })
})
