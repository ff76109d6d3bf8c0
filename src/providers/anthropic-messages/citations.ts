import type { Annotation } from '../../chat/parts.ts'
import { asList, asRecord, asText } from '../foreign-json.ts'

/**
 * Citations of one text block as annotations of the answer's text from `start` to `end`. Those of a place in a document
 * have no address and no form that clients know.
 */
export function annotationsOf(citations: unknown, start: number, end: number): Annotation[] {
  const annotations: Annotation[] = []
  for (const item of asList(citations)) {
    const citation = asRecord(item)
    const url = asText(citation?.url) ?? asText(citation?.source)
    if (!citation || !url || !/^https?:\/\//i.test(url)) continue
    const content = asText(citation.cited_text)
    annotations.push({
      type: 'url_citation',
      url_citation: {
        url,
        title: asText(citation.title) ?? '',
        ...(content === undefined ? {} : { content }),
        start_index: start,
        end_index: end,
      },
    })
  }
  return annotations
}
