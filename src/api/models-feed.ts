import type { ModelRecord } from '../catalog/records.ts'

export interface ModelsFeed {
  /** The gateway as the client addressed it, e.g. `https://gw.example`. */
  origin: string
  models: readonly ModelRecord[]
  /** Path and query of this page, and of the one after it where there is one. */
  self: string
  next: string | null
}

/**
 * A list of models as RSS 2.0 (`use_rss`, `openrouter-endpoints-inference.md` §2A.12). At OpenRouter an item leads to the
 * model's page, and with `use_rss_chat_links` to a chat with it. This gateway has neither, so either way it leads to the
 * model itself, `/api/v1/model/{author}/{slug}`. Pages follow one another as RFC 5005 has it.
 */
export function modelsFeed({ origin, models, self, next }: ModelsFeed): string {
  const page = (rel: string, path: string) => `<atom:link rel="${rel}" href="${escaped(origin + path)}"/>`
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>' +
    `<title>Causeway models</title><link>${escaped(`${origin}/api/v1/models`)}</link>` +
    '<description>The models that this gateway lists.</description>' +
    page('self', self) +
    (next === null ? '' : page('next', next)) +
    models.map((model) => `\n${itemOf(model, origin)}`).join('') +
    '\n</channel></rss>\n'
  )
}

function itemOf({ id, name, description, created }: ModelRecord, origin: string): string {
  const link = `${origin}/api/v1/model/${id.split('/').map(encodeURIComponent).join('/')}`
  const pubDate = created > 0 ? `<pubDate>${new Date(created * 1000).toUTCString()}</pubDate>` : ''
  // The id, not the link: a model that is read about on two hosts is one.
  return (
    `<item><title>${escaped(name)}</title><description>${escaped(description)}</description>` +
    `<link>${escaped(link)}</link><guid isPermaLink="false">${escaped(id)}</guid>${pubDate}</item>`
  )
}

/** What XML 1.0 cannot hold, not even escaped: most control characters and halves of surrogate pairs. */
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
