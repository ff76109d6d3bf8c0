import {
  anyObject,
  boolean,
  type Check,
  isObject,
  list,
  name,
  nullable,
  object,
  oneOf,
  string,
  stringOr,
  tagged,
  text,
} from '../../edge/check.ts'

export const cacheControl = object({ type: oneOf(['ephemeral']), ttl: oneOf(['5m', '1h']) }, ['type'])
const cached = { cache_control: cacheControl }

const textPart = object({ text, prompt_cache_breakpoint: object({ mode: oneOf(['explicit']) }), ...cached }, ['text'])
const videoPart = object({ video_url: object({ url: name }, ['url']), ...cached }, ['video_url'])

/** Anthropic's `source` of an image or document. Their file ids belong to an account that is not ours to use. */
const source = tagged('type', {
  base64: object({ media_type: name, data: name }, ['media_type', 'data']),
  url: object({ url: name }, ['url']),
  text: object({ data: text }, ['data']),
})
const sourcePart = object({ source, title: text, ...cached }, ['source'])

const commonParts = {
  text: textPart,
  image_url: object(
    {
      image_url: stringOr(
        object({ url: name, detail: oneOf(['auto', 'low', 'high', 'original']) }, ['url']),
        'an object with a url',
      ),
      ...cached,
    },
    ['image_url'],
  ),
  input_audio: object({ input_audio: object({ data: name, format: name }, ['data', 'format']), ...cached }, [
    'input_audio',
  ]),
  video_url: videoPart,
  input_video: videoPart,
  file: object({ file: object({ filename: text, file_data: text, file_id: text }), ...cached }, ['file']),
  // Anthropic's names for the same things.
  image: sourcePart,
  document: sourcePart,
}

const partsOf = (parts: Record<string, Check>) =>
  stringOr(list(tagged('type', parts), { what: 'an array of content parts' }), 'an array of content parts')
const textContent = partsOf({ text: textPart })
const content = partsOf(commonParts)
const userContent = partsOf({
  ...commonParts,
  tool_result: object({ tool_use_id: name, content, is_error: boolean, ...cached }, ['tool_use_id']),
})
const assistantContent = nullable(
  partsOf({
    ...commonParts,
    refusal: object({ refusal: text }, ['refusal']),
    tool_use: object({ id: name, name, input: anyObject, ...cached }, ['id', 'name', 'input']),
    thinking: object({ thinking: text, signature: text }, ['thinking']),
    redacted_thinking: object({ data: text }, ['data']),
  }),
)

const toolCall = object(
  {
    id: name,
    type: oneOf(['function']),
    // Some clients send the arguments as the object that they stand for.
    function: object({ name, arguments: stringOr(anyObject, 'an object') }, ['name']),
  },
  ['id', 'function'],
)

const knownDetails = new Map([
  ['reasoning.text', object({ text: nullable(text), signature: nullable(text) })],
  ['reasoning.summary', object({ summary: text }, ['summary'])],
  ['reasoning.encrypted', object({ data: text }, ['data'])],
])
const unknownDetail = object({ type: name }, ['type'])

/** Kinds of details grow with time, and what came from an answer must come back: unknown ones are let through. */
const reasoningDetail: Check = (value) => {
  const type = isObject(value) ? value.type : undefined
  return ((typeof type === 'string' && knownDetails.get(type)) || unknownDetail)(value)
}

const system = object({ content: textContent, name: text }, ['content'])

export const message = tagged('role', {
  system,
  developer: system,
  user: object({ content: userContent, name: text }, ['content']),
  assistant: object({
    content: assistantContent,
    name: text,
    tool_calls: list(toolCall),
    function_call: object({ name, arguments: text }, ['name']),
    reasoning: nullable(text),
    reasoning_content: nullable(text),
    reasoning_details: list(reasoningDetail),
    refusal: nullable(text),
    images: list(object({ image_url: object({ url: name }, ['url']) }, ['image_url'])),
    audio: nullable(anyObject),
    annotations: list(anyObject),
  }),
  tool: object({ content, tool_call_id: name, name: text }, ['content', 'tool_call_id']),
  // What tool messages were called before there were tools.
  function: object({ content: nullable(text), name }, ['name']),
})

/** Predicted output and the like: text only. */
export const textOnly = textContent

export const toolName = string({ min: 1, max: 256, what: 'a non-empty string' })
