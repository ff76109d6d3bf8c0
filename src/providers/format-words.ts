/** A response format in words, for models that have no other way: any object, or what is valid against a schema. */
export function formatWords(schema: unknown): string {
  return schema == null
    ? 'Answer with one JSON object and nothing else: no words around it and no code fence.'
    : `Answer with one JSON value that is valid against this JSON schema, and nothing else: no words around it and no code fence.\n${JSON.stringify(schema)}`
}
