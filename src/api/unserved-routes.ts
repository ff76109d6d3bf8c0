const chat = 'Use POST /api/v1/chat/completions.'
const spend = 'GET /api/v1/key tells what a key has spent, GET /api/v1/keys tells it of all keys.'

/**
 * Routes of the contract (`openrouter-api.md`, endpoint finder) that are not here, each with those below it, and what
 * to use in their place where there is something.
 */
const unserved: Readonly<Record<string, string | null>> = {
  '/api/v1/completions': chat,
  '/api/v1/responses': chat,
  '/api/v1/messages/count_tokens': 'The usage of an answer tells the tokens of its prompt.',
  '/api/v1/messages': chat,
  '/api/v1/embeddings': null,
  '/api/v1/rerank': null,
  '/api/v1/images': 'Models that answer with images do so on POST /api/v1/chat/completions.',
  '/api/v1/audio': 'Messages can hold audio, and some models answer with it, on POST /api/v1/chat/completions.',
  '/api/v1/videos': null,
  '/api/v1/files': 'A message can hold a file itself, as a data URL, on POST /api/v1/chat/completions.',
  '/api/beta/batches': 'Send its requests to POST /api/v1/chat/completions.',
  '/api/v1/generation/content': 'Prompts and completions are not kept.',
  '/api/v1/generation/feedback': null,
  '/api/v1/credits': spend,
  '/api/v1/auth/keys': 'POST /api/v1/keys makes keys.',
  '/api/v1/oauth': 'POST /api/v1/keys makes keys.',
  '/api/v1/activity': spend,
  '/api/v1/analytics': spend,
  '/api/v1/guardrails': 'PUT /api/v1/settings/routing restricts all requests, and a key has limits of its own.',
  '/api/v1/workspaces': 'All keys are in one workspace: see GET /api/v1/keys.',
  '/api/v1/byok': "Providers' keys are variables of the Worker.",
  '/api/v1/presets': null,
  '/api/v1/observability': null,
  '/api/v1/organization': null,
  '/api/v1/scim': null,
  '/api/v1/datasets': null,
  '/api/v1/benchmarks': null,
  '/api/v1/classifications': null,
}

/** What to tell of a path that is OpenRouter's and not here; null where it is not OpenRouter's. */
export function unservedRoute(path: string): string | null {
  const found = Object.entries(unserved).find(([route]) => path === route || path.startsWith(`${route}/`))
  if (found === undefined) return null
  const [route, instead] = found
  const told = `Causeway does not serve OpenRouter's ${route} yet.`
  return instead === null ? told : `${told} ${instead}`
}
