// What a model takes in and puts out, in the words of the API's `architecture`: text, image, audio, video and file in;
// text, image, audio, video, embeddings, rerank, speech and transcription out.
//
// Lists of models tell chat models apart from each other and call everything else text: an embedder, a reranker and a
// recogniser all answer "text" there. Whoever is asked for a poem then gets an error from upstream, so what is known of
// a model by its name goes before such a list.

/** What a model puts out, by its id or the last part of it; the first that fits counts. */
const byName = [
  { name: /rerank/, out: ['rerank'] },
  { name: /embed(?!ded)/, out: ['embeddings'] },
  // Families of embedders that do not say so.
  { name: /(^|\/)(bge|gte|e5|multilingual-e5)-|mini-?lm|mpnet/, out: ['embeddings'] },
  { name: /whisper|(^|[/-])asr(-|$)/, out: ['transcription'] },
  // Google's speak by the same call as its chat models, so chat has them too when it asks for `audio`.
  { name: /gemini.*-tts(-|$)/, out: ['audio', 'speech'] },
  { name: /(^|[/-])tts(-|$)/, out: ['speech'] },
  // OpenAI's draw and do nothing else; Google's talk about what they draw.
  { name: /gpt-image/, out: ['image'] },
  { name: /gemini.*-image(-|$)/, out: ['text', 'image'] },
  // A report, with its figures.
  { name: /(^|\/)deep-research-pro-preview/, out: ['text'] },
  // Listed as painting and singing at one host, and as writing at all others.
  { name: /(^|\/)gpt-5\.1(-codex)?$/, out: ['text'] },
]

/**
 * Models that no surface of the API could offer: what they take or give is no prompt, vector, score, picture or speech,
 * or it goes over a connection that stays open.
 */
const outside = [
  // Proteins.
  /(^|\/)esm(\d|fold)/,
  // What a camera sees, for cars; who speaks in a film, and whether it is one.
  /(^|\/)(bevformer|sparsedrive|streampetr|active-speaker-detection|synthetic-video-detector)$/,
  // Cleans a recording; checks a 3D scene; marks names and addresses in a text.
  /(^|\/)(studiovoice|usdvalidate|gliner-pii)$/,
  // Completes a fixed task about one picture, at an address of its own.
  /(^|\/)google-paligemma$/,
  // Both sides of a call at once.
  /realtime|gemini.*-live-|(^|\/)nemotron-voicechat$/,
]

/** What a model puts out, as far as its id tells; null where it doesn't. */
export function outputsNamed(id) {
  const name = id.toLowerCase()
  return byName.find((rule) => rule.name.test(name))?.out ?? null
}

/** Whether any surface of the API could offer a model. */
export function isOffered(id) {
  const name = id.toLowerCase()
  return !outside.some((pattern) => pattern.test(name))
}

/**
 * What one row of a list puts out: by the model's name, and where that says nothing, by the row itself. A model that takes
 * sound and nothing else can't be talked to: it writes down what it hears.
 *
 * @param {{ model: string, in: string[], out: string[] }} row
 */
export function outputsOf(row) {
  const hears = row.in.length === 1 && row.in[0] === 'audio' && row.out.includes('text')
  return outputsNamed(row.model) ?? (hears ? ['transcription'] : row.out)
}
