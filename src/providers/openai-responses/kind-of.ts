import type { KindOf } from '../openai-chat/classify.ts'

/** Codes that the API has beside those of chat completions; `ResponseError` in OpenAI's SDK lists them. */
export const kindOf: KindOf = (_, { code, message }) => {
  if (code === 'invalid_prompt' || /_policy(_violation)?$/.test(code)) return 'content-policy'
  // The limits of this one provider; another may take the picture or has no use for the foreign reasoning.
  if (/^(image_too_(large|small)|image_file_too_large|unsupported_(image_media_type|file))$/.test(code))
    return 'unsupported'
  if (/^(failed_to_download_image|invalid_encrypted_content|data_residency_mismatch)$/.test(code)) return 'unsupported'
  if (/^(invalid_(image|base64_image).*|image_parse_error|empty_image_file|image_file_not_found)$/.test(code))
    return 'bad-request'
  return /\bonly support the\b|must be verified/.test(message) ? 'unsupported' : undefined
}
