import type { ModelEntry, ModelRecord } from '../catalog/records.ts'
import { routerOf } from '../routing/router-ids.ts'
import { modelObject } from './model-object.ts'

const router = (slug: string, name: string, description: string, created: number): ModelEntry => {
  const model: ModelRecord = {
    id: `openrouter/${slug}`,
    canonicalSlug: `openrouter/${slug}`,
    name,
    author: 'openrouter',
    description,
    huggingFaceId: null,
    created,
    knowledgeCutoff: null,
    tokenizer: 'Router',
    reasoning: { supported: false, mandatory: false, efforts: null },
    moderated: false,
    inputModalities: ['text', 'image', 'file', 'audio', 'video'],
    outputModalities: ['text'],
    contextLength: null,
    maxOutputTokens: null,
  }
  return { model, endpoints: [], version: '' }
}

/** The routers as the list of models shows them: models without endpoints, because who answers is decided each time. */
export const routerEntries: readonly ModelEntry[] = [
  router(
    'auto',
    'Auto Router',
    'Chooses a model by how demanding the prompt is; costs what that model costs.',
    1699401600,
  ),
  router(
    'free',
    'Free Models Router',
    'Chooses at random among the free models that can do what is asked.',
    1769904000,
  ),
]

/** What they pass on: the model is chosen so that it takes what the request has. */
const parameters = [
  'include_reasoning',
  'max_tokens',
  'reasoning',
  'response_format',
  'seed',
  'stop',
  'structured_outputs',
  'temperature',
  'tool_choice',
  'tools',
  'top_p',
]

/** The entry of the router that an id names; null for every other id. */
export function routerEntryOf(requestedId: string): ModelEntry | null {
  const kind = routerOf(requestedId)?.kind
  return routerEntries.find(({ model }) => model.id === `openrouter/${kind}`) ?? null
}

export function routerObject(entry: ModelEntry, usable: boolean, id = entry.model.id) {
  return {
    ...modelObject({ entry, endpoints: [], usable, id }),
    // -1 is how clients know a price that depends.
    pricing: id.endsWith('/free') ? { prompt: '0', completion: '0' } : { prompt: '-1', completion: '-1' },
    supported_parameters: parameters,
  }
}
