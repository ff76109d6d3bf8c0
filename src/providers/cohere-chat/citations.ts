import type { Annotation } from '../../chat/parts.ts'
import { asList, asRecord, asText } from '../foreign-json.ts'

/**
 * Cohere's citations as far as the common tongue has a form for them: those of a source with an address. What cites a
 * document or a tool's result without one is left out, because clients reject annotations that they don't know.
 */
export function readCitations(value: unknown): Annotation[] {
  return (Array.isArray(value) ? value : [value]).flatMap(readCitation)
}

function readCitation(value: unknown): Annotation[] {
  const citation = asRecord(value)
  // Places in a plan or a thought are no places in the text.
  const { start, end, type } = citation ?? {}
  const placed = (type === undefined || type === 'TEXT_CONTENT') && Number.isInteger(start) && Number.isInteger(end)
  return asList(citation?.sources).flatMap((item) => {
    const source = asRecord(item)
    const about = asRecord(source?.tool_output) ?? asRecord(source?.document)
    const url = [about?.url, source?.id].map(asText).find((text) => text !== undefined && /^https?:\/\//.test(text))
    if (url === undefined) return []
    return {
      type: 'url_citation',
      url_citation: {
        url,
        title: asText(about?.title) ?? '',
        ...(placed ? { start_index: start as number, end_index: end as number } : {}),
      },
    } satisfies Annotation
  })
}
