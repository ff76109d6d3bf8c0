import type { Effort } from '../../chat/request.ts'
import type { Target } from '../wire.ts'

/** What sets a model of this wire apart, read from its upstream id and the catalogue. */
export interface ModelFacts {
  /** 2.5, 3, 3.1, …; an id without a number (`gemini-flash-latest`) is taken for the newest kind. */
  generation: number
  /** `systemInstruction` is understood; without it the text goes before the first user message. */
  systemInstruction: boolean
  /** JSON mode is understood; without it the wish goes into the prompt. */
  jsonMode: boolean
  /** JSON mode may be asked for together with function declarations. */
  jsonWithTools: boolean
  /** Images of a tool result go inside the function response. */
  mediaInResponses: boolean
  /** A function call of the going turn without a signature is refused. */
  signedCalls: boolean
  thinking: Thinking
}

/**
 * How the model is told to think: by level, by a budget of tokens, or not at all. `byDefault`: it thinks unasked, so
 * that its thoughts may be asked for without turning anything on.
 */
export type Thinking =
  | { by: 'none' }
  | { by: 'level'; levels: readonly Effort[]; byDefault: boolean }
  | { by: 'budget'; min: number; max: number; canBeOff: boolean; byDefault: boolean }

export function modelFactsOf({ endpoint, model }: Target): ModelFacts {
  const id = endpoint.upstreamId.toLowerCase()
  const generation = generationOf(id)
  const gemma = /gemma-[1-3]/.test(id)
  const image = endpoint.outputModalities.includes('image') || id.includes('-image')
  const speech = !endpoint.outputModalities.includes('text') && endpoint.outputModalities.includes('audio')
  return {
    generation,
    systemInstruction: !gemma && !image && !speech,
    jsonMode: !gemma && !speech && !(image && generation < 3),
    jsonWithTools: generation >= 3,
    mediaInResponses: generation >= 3,
    signedCalls: generation >= 3,
    thinking:
      model.reasoning.supported && !speech
        ? thinkingOf(id, generation, image, model.reasoning.efforts)
        : { by: 'none' },
  }
}

function generationOf(id: string): number {
  const number = /gemini-(\d+(?:\.\d+)?)/.exec(id)?.[1]
  if (number !== undefined) return Number(number)
  return id.includes('gemma') ? 2 : 3
}

function thinkingOf(id: string, generation: number, image: boolean, known: readonly string[] | null): Thinking {
  if (generation < 2.5) return { by: 'none' }
  // The thoughts of image models hold drafts of the picture, megabytes that nobody asked for.
  if (generation >= 3) return { by: 'level', levels: levelsOf(id, image, known), byDefault: !image }
  if (id.includes('pro')) return { by: 'budget', min: 128, max: 32_768, canBeOff: false, byDefault: true }
  if (id.includes('flash-lite')) return { by: 'budget', min: 512, max: 24_576, canBeOff: true, byDefault: false }
  return { by: 'budget', min: 1, max: 24_576, canBeOff: true, byDefault: true }
}

/** Where the catalogue doesn't know, what every model of the kind takes. */
function levelsOf(id: string, image: boolean, known: readonly string[] | null): readonly Effort[] {
  if (known !== null && known.length > 0) return known as readonly Effort[]
  if (image) return []
  return /gemini-3-pro/.test(id) ? ['low', 'high'] : ['low', 'medium', 'high']
}
