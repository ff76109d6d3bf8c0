import { describe, expect, it } from 'vitest'
import { modelsFeed } from '../../src/api/models-feed.ts'
import { modelEntry } from '../support/catalog-records.ts'

const feed = { origin: 'https://gw.example', models: [], self: '/api/v1/models?use_rss=true', next: null }
const of = (changes: Parameters<typeof modelEntry>[0]) => modelsFeed({ ...feed, models: [modelEntry(changes).model] })

describe('a feed of models', () => {
  it('is RSS 2.0', () => {
    expect(
      of({ id: 'acme/m1', name: 'M 1', description: 'Thinks.', created: 1_790_000_000 }),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Causeway models</title><link>https://gw.example/api/v1/models</link><description>The models that this gateway lists.</description><atom:link rel="self" href="https://gw.example/api/v1/models?use_rss=true"/>
<item><title>M 1</title><description>Thinks.</description><link>https://gw.example/api/v1/model/acme/m1</link><guid isPermaLink="false">acme/m1</guid><pubDate>Mon, 21 Sep 2026 14:13:20 GMT</pubDate></item>
</channel></rss>
`)
  })

  it('tells no date where none is known', () => {
    expect(of({ created: 0 })).not.toContain('pubDate')
  })

  it('escapes what means something in XML', () => {
    const text = of({ id: 'acme/a&b#1:free', name: '<b>&amp;"\'', description: ']]></description>' })
    expect(text).toContain("<title>&lt;b&gt;&amp;amp;&quot;'</title>")
    expect(text).toContain('<description>]]&gt;&lt;/description&gt;</description>')
    expect(text).toContain('<link>https://gw.example/api/v1/model/acme/a%26b%231%3Afree</link>')
    expect(text).toContain('>acme/a&amp;b#1:free</guid>')
  })

  it('leaves out what XML cannot hold', () => {
    const description = 'a\u0000\u0008\u000b\u001f\ud83d\ufffe\uffffb\tc\nd 🙂 é'
    expect(of({ description })).toContain('<description>ab\tc\nd 🙂 é</description>')
  })

  it('is a feed with nothing in it, too', () => {
    expect(modelsFeed(feed)).toMatch(/<\/description><atom:link [^>]*\/>\n<\/channel><\/rss>\n$/)
  })
})
