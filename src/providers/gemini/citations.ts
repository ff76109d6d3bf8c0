import type { Annotation } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'

interface Source {
  url: string
  title: string
}

/**
 * The sources of an answer: what grounding found, at the places of the text that rest on it, and what a recitation
 * quotes. Sources that no place names come without one.
 *
 * @param text All that the candidate said; Google counts places in bytes of it.
 */
export function readCitations(
  candidate: { grounding?: JsonRecord; citation?: JsonRecord },
  text: string,
): Annotation[] {
  const { grounding, citation } = candidate
  if (!grounding && !citation) return []
  const bytes = new TextEncoder().encode(text)
  const annotations: Annotation[] = []
  const sources = asList(grounding?.groundingChunks).map(sourceOf)
  const placed = new Set<number>()
  for (const item of asList(grounding?.groundingSupports)) {
    const support = asRecord(item)
    const place = placeOf(asRecord(support?.segment), text, bytes)
    for (const index of asList(support?.groundingChunkIndices)) {
      const source = typeof index === 'number' ? sources[index] : undefined
      if (!source) continue
      placed.add(index as number)
      annotations.push(cited(source, place))
    }
  }
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]
    if (source && !placed.has(i)) annotations.push(cited(source, null))
  }
  for (const item of [...asList(citation?.citationSources), ...asList(citation?.citations)]) {
    const source = asRecord(item)
    const url = asText(source?.uri)
    if (source && url !== undefined)
      annotations.push(cited({ url, title: asText(source.title) ?? '' }, placeOf(source, text, bytes)))
  }
  return annotations
}

function sourceOf(value: unknown): Source | undefined {
  const chunk = asRecord(value)
  const source = asRecord(chunk?.web) ?? asRecord(chunk?.retrievedContext) ?? asRecord(chunk?.maps)
  const url = asText(source?.uri)
  return url === undefined ? undefined : { url, title: asText(source?.title) ?? '' }
}

interface Place {
  start: number
  end: number
  quoted: string | undefined
}

function cited({ url, title }: Source, place: Place | null): Annotation {
  return {
    type: 'url_citation',
    url_citation: {
      url,
      title,
      ...(place?.quoted === undefined ? {} : { content: place.quoted }),
      ...(place === null ? {} : { start_index: place.start, end_index: place.end }),
    },
  }
}

/** Byte offsets of a segment as offsets of UTF-16 units, or null where it is not in the text. */
function placeOf(segment: JsonRecord | undefined, text: string, bytes: Uint8Array): Place | null {
  const { startIndex = 0, endIndex } = segment ?? {}
  if (typeof startIndex !== 'number' || typeof endIndex !== 'number' || endIndex <= startIndex) return null
  const quoted = asText(segment?.text)
  const start = unitsIn(bytes, startIndex)
  const end = start + unitsIn(bytes.subarray(startIndex), endIndex - startIndex)
  if (quoted === undefined) return { start, end, quoted }
  if (text.slice(start, end) === quoted) return { start, end, quoted }
  // Offsets count within a part, and an answer may have several.
  const found = text.indexOf(quoted)
  return found < 0 ? null : { start: found, end: found + quoted.length, quoted }
}

function unitsIn(bytes: Uint8Array, length: number): number {
  return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes.subarray(0, Math.max(0, length)))
    .length
}
