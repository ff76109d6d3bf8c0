import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart } from '../../chat/request.ts'
import { bytesOf } from '../../edge/base64.ts'
import { parseDataUrl } from '../../edge/data-url.ts'
import type { MediaBlock, MediaSource } from './format.ts'

type MediaPart = Exclude<ContentPart, { type: 'text' }>

const imageTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

/** How the base64 of an image begins. Clients often call a picture something else, which is an error there. */
const imageBeginnings: readonly [string, string][] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
]
const pdfBeginning = 'JVBERi'

const textTypes = /^(text\/|application\/(json|xml|yaml|x-yaml|javascript|typescript|toml|sql|x-sh|x-ndjson)$)/
const textExtension =
  /\.(txt|md|markdown|csv|tsv|json|jsonl|ndjson|ya?ml|toml|xml|html?|css|[cm]?[jt]sx?|py|rb|go|rs|java|kt|c|h|cc|cpp|hpp|cs|php|sh|sql|log|ini|tex)$/i

/**
 * A medium as a block, or null for a text document that says nothing.
 *
 * @param fetches Whether the host opens addresses itself.
 * @throws FailureError where this endpoint has no way to take it. Another may, which is why it is said of the endpoint.
 */
export function mediaBlock(part: MediaPart, fetches: boolean): MediaBlock | null {
  switch (part.type) {
    case 'image_url':
      return { type: 'image', source: imageSource(part.image_url.url, fetches) }
    case 'file':
      return document(part.file, fetches)
    case 'input_audio':
      throw invalidRequest('This endpoint does not take audio.')
    case 'video_url':
      throw invalidRequest('This endpoint does not take video.')
  }
}

function imageSource(url: string, fetches: boolean): MediaSource {
  if (!url.startsWith('data:')) return urlSource(url, fetches)
  const { mediaType, data } = parseDataUrl(url)
  const type = imageBeginnings.find(([beginning]) => data.startsWith(beginning))?.[1] ?? mediaType
  if (!imageTypes.has(type)) throw invalidRequest('This endpoint takes JPEG, PNG, GIF and WebP images only.')
  return { type: 'base64', media_type: type, data }
}

function document(file: Extract<ContentPart, { type: 'file' }>['file'], fetches: boolean): MediaBlock | null {
  const { file_data: content, filename } = file
  // Files that somebody uploaded belong to an account that is not the client's.
  if (!content) throw invalidRequest('This endpoint keeps no uploaded files: send the file itself.')
  const title = filename ? { title: filename } : {}
  if (/^https?:\/\//i.test(content)) return { type: 'document', source: urlSource(content, fetches), ...title }
  const { mediaType, data } = content.startsWith('data:') ? parseDataUrl(content) : { mediaType: '', data: content }
  if (data.startsWith(pdfBeginning) || mediaType === 'application/pdf')
    return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data }, ...title }
  // A picture sent as a file is a picture.
  if (mediaType.startsWith('image/')) return { type: 'image', source: imageSource(content, fetches) }
  if (!textTypes.test(mediaType) && !textExtension.test(filename ?? ''))
    throw invalidRequest('This endpoint takes PDF and text files only.')
  const text = textOfBase64(data)
  if (text.trim() === '') return null
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...title }
}

function urlSource(url: string, fetches: boolean): MediaSource {
  if (!fetches || !url.startsWith('https://'))
    throw invalidRequest(
      fetches
        ? 'This endpoint opens https addresses only.'
        : 'This endpoint fetches nothing from the web: send the content itself as a data URL.',
    )
  return { type: 'url', url }
}

function textOfBase64(data: string): string {
  let bytes: Uint8Array
  try {
    bytes = bytesOf(data)
  } catch {
    throw invalidRequest('The content of a file is not base64.')
  }
  return new TextDecoder().decode(bytes)
}
