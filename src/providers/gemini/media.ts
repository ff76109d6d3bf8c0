import type { ContentPart } from '../../chat/request.ts'
import { parseDataUrl } from '../../edge/data-url.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { GeminiPart } from './format.ts'

/** By the extension of a file name or a path. */
const mimeTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  css: 'text/css',
  csv: 'text/csv',
  xml: 'text/xml',
  rtf: 'text/rtf',
  json: 'application/json',
  js: 'text/javascript',
  py: 'text/x-python',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  aac: 'audio/aac',
  aiff: 'audio/aiff',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  opus: 'audio/opus',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mov: 'video/mov',
  avi: 'video/avi',
  webm: 'video/webm',
  wmv: 'video/wmv',
  flv: 'video/x-flv',
  '3gp': 'video/3gpp',
}

/** Where a file lies that Google itself can open without a name that tells what it is. */
const googleFile = /^(https:\/\/generativelanguage\.googleapis\.com\/|gs:\/\/)/

/** A content part of a message, or null where it says nothing or cannot be said there. */
export function encodePart(part: ContentPart, note: Note): GeminiPart | null {
  switch (part.type) {
    case 'text':
      return part.text === '' ? null : { text: part.text }
    case 'image_url': {
      const { detail } = part.image_url
      if (detail !== undefined && detail !== 'auto') note('messages.image_url.detail', 'dropped', 'no-such-control')
      return fromUrl(part.image_url.url, 'image/jpeg')
    }
    case 'video_url':
      return fromUrl(part.video_url.url, 'video/mp4')
    case 'input_audio':
      return fromAudio(part.input_audio.data, part.input_audio.format)
    case 'file':
      return fromFile(part.file, note)
    default:
      note('messages.content', 'dropped', 'unknown-part')
      return null
  }
}

/** A data URL travels inline, any other as a reference that Google opens itself. */
export function fromUrl(url: string, defaultType: string): GeminiPart | null {
  if (url === '') return null
  if (!url.startsWith('data:')) return { fileData: { mimeType: typeOfPath(url) ?? defaultType, fileUri: url } }
  const { mediaType, data } = parseDataUrl(url)
  return { inlineData: { mimeType: mediaType || defaultType, data } }
}

function fromAudio(data: string, format: string): GeminiPart | null {
  if (/^(data:|https?:|gs:)/.test(data)) return fromUrl(data, 'audio/wav')
  const name = format.toLowerCase()
  const mimeType = name === 'pcm16' ? 'audio/pcm' : (mimeTypes[name] ?? `audio/${name}`)
  return { inlineData: { mimeType, data } }
}

function fromFile(file: Extract<ContentPart, { type: 'file' }>['file'], note: Note): GeminiPart | null {
  const { file_data: content, filename, file_id: id } = file
  const named = filename === undefined ? undefined : typeOfPath(filename)
  const mimeType = named ?? 'application/pdf'
  if (content) {
    if (!/^(data:|https?:|gs:)/.test(content)) return { inlineData: { mimeType, data: content } }
    const part = fromUrl(content, mimeType)
    // Browsers without a guess call every file a stream of octets.
    if (part?.inlineData?.mimeType === 'application/octet-stream') part.inlineData.mimeType = mimeType
    return part
  }
  if (id !== undefined && googleFile.test(id))
    return { fileData: { mimeType: named ?? typeOfPath(id) ?? 'application/pdf', fileUri: id } }
  note('messages.file', 'dropped', 'unknown-file-id')
  return null
}

function typeOfPath(path: string): string | undefined {
  const extension = /\.([a-z0-9]+)(?:[?#].*)?$/i.exec(path)?.[1]?.toLowerCase()
  return extension === undefined || !Object.hasOwn(mimeTypes, extension) ? undefined : mimeTypes[extension]
}
