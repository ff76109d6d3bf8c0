import { z } from 'zod'

// `generateContent` as Google documents it (REST reference of the Gemini API and of Vertex AI), as far as a chat can
// reach it. Strict: Google refuses a field that it does not know with "Invalid JSON payload received. Unknown name".

const base64 = z.string().min(1)
const signature = z.string().regex(/^[A-Za-z0-9+/_=-]+$/)
const inlineData = z.strictObject({ mimeType: z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), data: base64 })
const fileData = z.strictObject({ mimeType: z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), fileUri: z.string().min(1) })
const functionName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/)
const struct = z.record(z.string(), z.unknown())

const media = z.union([z.strictObject({ inlineData }), z.strictObject({ fileData })])
const textPart = z.strictObject({ text: z.string().min(1) })
const userPart = z.union([textPart, media])
const responsePart = z.strictObject({
  functionResponse: z.strictObject({
    id: z.string().optional(),
    name: functionName,
    response: struct,
    parts: z.array(media).min(1).optional(),
  }),
})
const signed = { thoughtSignature: signature.optional() }
const modelPart = z.union([
  z.strictObject({ text: z.string().min(1), thought: z.literal(true).optional(), ...signed }),
  z.strictObject({ text: z.literal(''), thoughtSignature: signature }),
  z.strictObject({ inlineData, ...signed }),
  z.strictObject({ fileData, ...signed }),
  z.strictObject({
    functionCall: z.strictObject({ id: z.string().optional(), name: functionName, args: struct }),
    ...signed,
  }),
])

const content = z.union([
  z.strictObject({ role: z.literal('user'), parts: z.array(userPart).min(1) }),
  // Every function response of a turn is in one content, before anything else in it.
  z.strictObject({ role: z.literal('user'), parts: z.array(z.union([responsePart, media])).min(1) }),
  z.strictObject({ role: z.literal('model'), parts: z.array(modelPart).min(1) }),
])

const typeName = z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])
// biome-ignore lint/suspicious/noExplicitAny: a schema of schemas.
const jsonSchema: z.ZodType<any> = z.lazy(() =>
  z.strictObject({
    $id: z.string().optional(),
    $defs: z.record(z.string(), jsonSchema).optional(),
    $ref: z.string().optional(),
    $anchor: z.string().optional(),
    type: z.union([typeName, z.array(typeName)]).optional(),
    format: z.enum(['date-time', 'date', 'time', 'int32', 'int64', 'float', 'double']).optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    enum: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional(),
    items: jsonSchema.optional(),
    prefixItems: z.array(jsonSchema).optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    anyOf: z.array(jsonSchema).optional(),
    properties: z.record(z.string(), jsonSchema).optional(),
    additionalProperties: z.union([z.boolean(), jsonSchema]).optional(),
    required: z.array(z.string()).optional(),
    propertyOrdering: z.array(z.string()).optional(),
  }),
)

const thinkingConfig = z
  .strictObject({
    thinkingBudget: z.int().min(-1).max(32_768).optional(),
    thinkingLevel: z.enum(['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']).optional(),
    includeThoughts: z.boolean().optional(),
  })
  .refine((config) => config.thinkingBudget === undefined || config.thinkingLevel === undefined, 'not both')
  .refine((config) => !(config.thinkingBudget === 0 && config.includeThoughts), 'thoughts without thinking')

const generationConfig = z
  .strictObject({
    stopSequences: z.array(z.string().min(1)).min(1).max(5).optional(),
    responseMimeType: z.enum(['application/json']).optional(),
    responseJsonSchema: jsonSchema.optional(),
    responseModalities: z
      .array(z.enum(['TEXT', 'IMAGE', 'AUDIO']))
      .min(1)
      .optional(),
    candidateCount: z.int().min(1).max(8).optional(),
    maxOutputTokens: z.int().min(1).max(65_536).optional(),
    temperature: z.number().min(0).max(2).optional(),
    topP: z.number().min(0).max(1).optional(),
    topK: z.int().min(1).optional(),
    seed: z
      .int()
      .min(-(2 ** 31))
      .max(2 ** 31 - 1)
      .optional(),
    presencePenalty: z.number().min(-2).lt(2).optional(),
    frequencyPenalty: z.number().min(-2).lt(2).optional(),
    responseLogprobs: z.boolean().optional(),
    logprobs: z.int().min(0).max(20).optional(),
    speechConfig: z
      .strictObject({ voiceConfig: z.strictObject({ prebuiltVoiceConfig: z.strictObject({ voiceName: z.string() }) }) })
      .optional(),
    imageConfig: z.strictObject({ aspectRatio: z.string().optional(), imageSize: z.string().optional() }).optional(),
    thinkingConfig: thinkingConfig.optional(),
  })
  .refine((config) => config.responseJsonSchema === undefined || config.responseMimeType !== undefined, 'needs JSON')

/** Accepts exactly the bodies that Google does not refuse by their form. */
export const generateContentRequest = z
  .strictObject({
    contents: z.array(content).min(1),
    systemInstruction: z.strictObject({ parts: z.array(textPart).min(1) }).optional(),
    tools: z
      .array(
        z.union([
          z.strictObject({
            functionDeclarations: z
              .array(
                z.strictObject({
                  name: functionName,
                  description: z.string().optional(),
                  parametersJsonSchema: jsonSchema.optional(),
                }),
              )
              .min(1),
          }),
          z.strictObject({ googleSearch: z.strictObject({}) }),
        ]),
      )
      .length(1)
      .optional(),
    toolConfig: z
      .strictObject({
        functionCallingConfig: z.strictObject({
          mode: z.enum(['AUTO', 'ANY', 'NONE', 'VALIDATED']),
          allowedFunctionNames: z.array(functionName).min(1).optional(),
        }),
      })
      .optional(),
    generationConfig: generationConfig.optional(),
    safetySettings: z.array(z.unknown()).optional(),
    cachedContent: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .refine((body) => body.toolConfig === undefined || body.tools !== undefined, 'a tool config without tools')
  .refine(({ contents }) => {
    // The function calls of a turn, which may be several contents, are followed by as many responses.
    let calls = 0
    for (const { role, parts } of contents) {
      if (role === 'model') calls += parts.filter((part) => 'functionCall' in part).length
      else if (parts.filter((part) => 'functionResponse' in part).length !== calls) return false
      else calls = 0
    }
    return true
  }, 'as many responses as calls')
