import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart } from '../../chat/request.ts'
import { parseDataUrl } from '../../edge/data-url.ts'
import type { MediaBlock } from './format.ts'

type MediaPart = Exclude<ContentPart, { type: 'text' }>
type Kind = 'image' | 'document' | 'video' | 'audio'

/** The formats that Bedrock has names for, by media type. */
const byMediaType: Readonly<Record<string, readonly [Kind, string]>> = {
  'image/png': ['image', 'png'],
  'image/jpeg': ['image', 'jpeg'],
  'image/jpg': ['image', 'jpeg'],
  'image/gif': ['image', 'gif'],
  'image/webp': ['image', 'webp'],
  'application/pdf': ['document', 'pdf'],
  'text/csv': ['document', 'csv'],
  'text/html': ['document', 'html'],
  'text/markdown': ['document', 'md'],
  'application/msword': ['document', 'doc'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': ['document', 'docx'],
  'application/vnd.ms-excel': ['document', 'xls'],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': ['document', 'xlsx'],
  'application/json': ['document', 'txt'],
  'application/xml': ['document', 'txt'],
  'application/yaml': ['document', 'txt'],
  'video/mp4': ['video', 'mp4'],
  'video/quicktime': ['video', 'mov'],
  'video/mov': ['video', 'mov'],
  'video/x-matroska': ['video', 'mkv'],
  'video/webm': ['video', 'webm'],
  'video/mpeg': ['video', 'mpeg'],
  'video/x-ms-wmv': ['video', 'wmv'],
  'video/wmv': ['video', 'wmv'],
  'video/x-flv': ['video', 'flv'],
  'video/3gpp': ['video', 'three_gp'],
  'audio/mpeg': ['audio', 'mp3'],
  'audio/mp3': ['audio', 'mp3'],
  'audio/wav': ['audio', 'wav'],
  'audio/x-wav': ['audio', 'wav'],
  'audio/flac': ['audio', 'flac'],
  'audio/aac': ['audio', 'aac'],
  'audio/mp4': ['audio', 'm4a'],
  'audio/x-m4a': ['audio', 'm4a'],
  'audio/ogg': ['audio', 'ogg'],
  'audio/opus': ['audio', 'opus'],
  'audio/webm': ['audio', 'webm'],
}

const byExtension: Readonly<Record<string, readonly [Kind, string]>> = {
  ...Object.fromEntries(['png', 'jpeg', 'gif', 'webp'].map((format) => [format, ['image', format] as const])),
  ...Object.fromEntries(
    ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'].map((format) => [format, ['document', format]]),
  ),
  ...Object.fromEntries(
    ['mp4', 'mov', 'mkv', 'webm', 'mpeg', 'mpg', 'wmv', 'flv'].map((format) => [format, ['video', format] as const]),
  ),
  ...Object.fromEntries(
    ['mp3', 'wav', 'flac', 'aac', 'm4a', 'ogg', 'opus', 'pcm'].map((format) => [format, ['audio', format] as const]),
  ),
  jpg: ['image', 'jpeg'],
  htm: ['document', 'html'],
  markdown: ['document', 'md'],
  '3gp': ['video', 'three_gp'],
}

/**
 * A medium as a block with its bytes.
 *
 * @throws FailureError where Bedrock has no way to take it: it fetches nothing from the web, keeps no uploads, and knows
 *   a handful of formats. Its buckets (`s3://`) are the operator's own, so no client may name an object in them. Another
 *   endpoint may well take the request, which is why this is said of the endpoint and not of the request.
 */
export function mediaBlock(part: MediaPart, names: DocumentNames): MediaBlock {
  switch (part.type) {
    case 'image_url':
      return blockOf(inline(part.image_url.url), 'image', names)
    case 'video_url':
      return blockOf(inline(part.video_url.url), 'video', names)
    case 'input_audio': {
      const { data, format } = part.input_audio
      if (data.startsWith('data:') || isAddress(data)) return blockOf(inline(data), 'audio', names)
      const extension = format.toLowerCase() === 'pcm16' ? 'pcm' : format.toLowerCase()
      return blockOf({ data, mediaType: '', fileName: `.${extension}` }, 'audio', names)
    }
    case 'file': {
      const { file_data: content, filename } = part.file
      if (!content) throw invalidRequest('Amazon Bedrock keeps no uploaded files: send the file itself.')
      const fileName = filename ?? ''
      if (content.startsWith('data:') || isAddress(content))
        return blockOf({ ...inline(content), fileName }, 'document', names)
      return blockOf({ data: content, mediaType: '', fileName: fileName || '.pdf' }, 'document', names)
    }
    default:
      throw invalidRequest('Amazon Bedrock does not take a part of this kind.')
  }
}

/** Names for the documents of one request: neutral where a file has none, and none of them twice. */
export class DocumentNames {
  #used = new Set<string>()

  next(fileName: string): string {
    const stem = fileName
      .replace(/\.[A-Za-z0-9]{1,8}$/, '')
      // Letters lose their accents and stay letters.
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9\-()[\]]+/g, ' ')
      .trim()
      .slice(0, 150)
      .trimEnd()
    const base = stem === '' ? 'Document' : stem
    let name = stem === '' ? 'Document 1' : base
    for (let i = 2; this.#used.has(name); i++) name = `${base} ${i}`
    this.#used.add(name)
    return name
  }
}

interface Inline {
  /** Base64. */
  data: string
  mediaType: string
  fileName: string
}

function inline(url: string): Inline {
  if (!url.startsWith('data:'))
    throw invalidRequest('Amazon Bedrock fetches nothing from the web: send the content itself as a data URL.')
  return { ...parseDataUrl(url), fileName: '' }
}

function blockOf({ data, mediaType, fileName }: Inline, wanted: Kind, names: DocumentNames): MediaBlock {
  const [kind, format] = formatOf(mediaType, fileName) ?? []
  // A picture sent as a file is a picture; anything sent as a picture has to be one.
  if (kind === undefined || format === undefined || (wanted !== 'document' && kind !== wanted))
    throw invalidRequest(
      `Amazon Bedrock does not take ${wanted === 'audio' ? 'audio' : `an ${wanted}`} of this format.`,
    )
  const medium = { format, source: { bytes: data } }
  switch (kind) {
    case 'image':
      return { image: medium }
    case 'video':
      return { video: medium }
    case 'audio':
      return { audio: medium }
    case 'document':
      return { document: { ...medium, name: names.next(fileName) } }
  }
}

function formatOf(mediaType: string, fileName: string): readonly [Kind, string] | undefined {
  if (Object.hasOwn(byMediaType, mediaType)) return byMediaType[mediaType]
  const extension = /\.([a-z0-9]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? ''
  if (Object.hasOwn(byExtension, extension)) return byExtension[extension]
  // Source code and the like are text to a model, whatever they are called.
  return mediaType.startsWith('text/') ? ['document', 'txt'] : undefined
}

function isAddress(text: string): boolean {
  return /^[a-z0-9]{1,10}:\/\//i.test(text)
}
