// biome-ignore lint/suspicious/noExplicitAny: what was recorded is read as it is, without the code under test.
export type Json = any

/** What one choice of a recording says in all. */
export interface RecordedChoice {
  text: string
  reasoning: string
  refusal: string
  /** The client's own calls; arguments as the text that was recorded, or as JSON of the object that was. */
  calls: { name: string; arguments: string }[]
  /** The provider's word for how it ended, null where it never said. */
  native: string | null
}

/** Tokens by the rule of `providers.md` §3; a null is not told by this provider. */
export interface RecordedUsage {
  promptTokens: number
  completionTokens: number
  cachedTokens: number | null
  reasoningTokens: number | null
}

export interface RecordedAnswer {
  choices: RecordedChoice[]
  usage: RecordedUsage | null
  /** An error came in place of the answer or in the middle of it. */
  failed: boolean
}

export function emptyAnswer(): RecordedAnswer {
  return { choices: [], usage: null, failed: false }
}

/** The choice at `index`, made where there is none yet. */
export function choiceAt(answer: RecordedAnswer, index = 0): RecordedChoice {
  answer.choices[index] ??= { text: '', reasoning: '', refusal: '', calls: [], native: null }
  return answer.choices[index]
}

/** The JSON documents of a recording, gathered the plain way: whole lines, no cuts, only what occurs in recordings. */
export function documentsOf(text: string, kind: string): Json[] {
  switch (kind) {
    case 'sse':
      return text
        .split(/\r\n|\n|\r/)
        .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
        .map((line) => JSON.parse(line.slice(5)))
    case 'ndjson':
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line))
    default: {
      const document: Json = JSON.parse(text)
      return Array.isArray(document) ? document : [document]
    }
  }
}
