/** Fields of an answer or chunk that the gateway writes itself, or that name things inside the provider. */
export const ownFields: readonly string[] = [
  'id',
  'object',
  'created',
  'model',
  'provider',
  'choices',
  'usage',
  'service_tier',
  'error',
  'base_resp',
  'x_groq',
  'request_id',
  'user_id',
  'generationId',
  '__proto__',
]
