import type { EndpointRecord, Modality } from '../catalog/records.ts'
import type { Route } from './needs.ts'

/** Where clients of this API ask for one kind of output. */
export interface Surface {
  output: Modality
  /** What a model of this kind makes, for people. */
  makes: string
  path: string
  /** What has to be said there to get it. */
  with?: string
  /** Whether this gateway has the route. */
  served: boolean
}

/** Every kind of output that a model can be known for, those that this gateway serves first. */
export const surfaces: readonly Surface[] = [
  { output: 'text', makes: 'text', path: '/api/v1/chat/completions', served: true },
  {
    output: 'audio',
    makes: 'audio',
    path: '/api/v1/chat/completions',
    with: '"modalities": ["audio"]',
    served: true,
  },
  { output: 'embeddings', makes: 'embeddings', path: '/api/v1/embeddings', served: false },
  { output: 'rerank', makes: 'rankings', path: '/api/v1/rerank', served: false },
  { output: 'image', makes: 'images', path: '/api/v1/images', served: false },
  { output: 'video', makes: 'videos', path: '/api/v1/videos', served: false },
  { output: 'speech', makes: 'speech', path: '/api/v1/audio/speech', served: false },
  { output: 'transcription', makes: 'transcriptions', path: '/api/v1/audio/transcriptions', served: false },
]

/** What each route gives, for people. */
export const givenBy: Readonly<Record<Route, string>> = {
  chat: 'chat completions',
  embeddings: 'embeddings',
  rerank: 'rankings',
}

/**
 * Whether a model with these outputs answers on a route; `asked` are the outputs that the client named. A chat is of
 * text, and whatever else a model adds to it. Speech alone it is only for a client that asked for just that: no other
 * would know what to do with it. So with pictures and films alone, and those only at a router: who makes them has an API
 * of its own for that, which routers hide behind chat.
 */
export function answersOn(
  route: Route,
  { outputModalities: outputs, provider }: Pick<EndpointRecord, 'outputModalities'> & { provider: { direct: boolean } },
  asked: readonly Modality[],
): boolean {
  // Nobody says what it answers with: the provider will.
  if (outputs.length === 0) return true
  switch (route) {
    case 'chat':
      return (
        outputs.includes('text') ||
        asked.some((kind) => kind !== 'text' && outputs.includes(kind) && (kind === 'audio' || !provider.direct))
      )
    case 'embeddings':
      return outputs.includes('embeddings')
    case 'rerank':
      return outputs.includes('rerank')
  }
}
