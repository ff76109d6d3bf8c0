import { describe, expect, it } from 'vitest'
import type { Modality } from '../../src/catalog/records.ts'
import { answersOn, surfaces } from '../../src/routing/surfaces.ts'

describe('a chat', () => {
  it.each<[string, Modality[], Modality[], boolean]>([
    ['is answered in text', ['text'], [], true],
    ['is answered in text with pictures', ['text', 'image'], [], true],
    ['is tried where nobody says what the model makes', [], [], true],
    ['is answered in speech alone where that was asked for', ['audio', 'speech'], ['audio'], true],
    ['is not answered in speech alone otherwise', ['audio', 'speech'], [], false],
    ['is never answered in pictures alone', ['image'], ['image'], false],
    ['is not answered in vectors', ['embeddings'], [], false],
    ['is not answered in rankings', ['rerank'], [], false],
    ['is not answered in transcriptions', ['transcription'], [], false],
    ['is not answered by who reads aloud elsewhere', ['speech'], ['audio'], false],
    ['is not answered in films', ['video'], [], false],
  ])('%s', (_, outputs, asked, answers) => {
    expect(answersOn('chat', outputs, asked)).toBe(answers)
  })
})

describe('the surfaces', () => {
  it('are one for every kind of output', () => {
    const outputs: Modality[] = ['text', 'image', 'audio', 'video', 'embeddings', 'rerank', 'speech', 'transcription']
    expect(surfaces.map(({ output }) => output).sort()).toEqual(outputs.sort())
  })
})
