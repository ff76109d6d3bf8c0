import type { Admission, AdmissionAsk, KeyPolicy } from '../dispatch/keys.ts'

// `admit` travels as HTTP and not as a method call, because every request pays for it: in workerd a fetch to an object
// costs 0.35 of what a bare pass-through Worker costs a request, a method call with the same answer 0.55. And where
// the isolate knows the key's policy already, the answer is an empty 204. What few requests need (a conversation, and
// the endpoint that it is remembered with) is added only then.

/** The part of a key object's stub that admission needs. */
export interface AdmissionPort {
  fetch(url: string): Promise<Response>
}

/** A policy and the tag that its object gave it. A tag is never given twice. */
interface TaggedPolicy {
  policy: KeyPolicy
  tag: string
}

const maxKnown = 4_096
const rememberedHeader = 'x-remembered'

/** The isolate's side. Made once an isolate, because it remembers the policies of keys. */
export class AdmissionCaller {
  readonly #known = new Map<string, TaggedPolicy>()

  /** See `Keys.admit`. Rejects when the object cannot be reached. */
  async admit(keyHash: string, ask: AdmissionAsk, object: AdmissionPort): Promise<Admission> {
    const known = this.#known.get(keyHash)
    const { generationId, reserveNanoUsd, conversation } = ask
    const url = `https://key.invalid/${generationId}/${reserveNanoUsd}/${known?.tag ?? ''}`
    const response = await object.fetch(conversation === undefined ? url : `${url}/${conversation}`)
    if (response.status === 204 && known !== undefined) {
      const remembered = conversation === undefined ? null : response.headers.get(rememberedHeader)
      if (remembered === null) return { admitted: true, policy: known.policy }
      return { admitted: true, policy: known.policy, remembered: decodeURIComponent(remembered) }
    }
    if (response.status !== 200) throw new Error(`the key object answered ${response.status}`)
    const { admission, tag } = await response.json<{ admission: Admission; tag: string | null }>()
    if (admission.admitted && tag !== null) this.#remember(keyHash, { policy: admission.policy, tag })
    return admission
  }

  #remember(keyHash: string, tagged: TaggedPolicy): void {
    this.#known.delete(keyHash)
    this.#known.set(keyHash, tagged)
    if (this.#known.size <= maxKnown) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }
}

/** The object's side: what it is asked, and the tag of the policy that the isolate knows. */
export function readAdmissionCall(url: string): { ask: AdmissionAsk; knownTag: string } {
  const [generationId = '', reserveNanoUsd, knownTag = '', conversation] = url.split('/').slice(3)
  return { ask: { generationId, reserveNanoUsd: Number(reserveNanoUsd), conversation }, knownTag }
}

/** `tag` is that of the admission's policy, null where it has none any more. */
export function admissionResponse(admission: Admission, tag: string | null, knownTag: string): Response {
  if (admission.admitted && tag !== null && tag === knownTag) {
    const { remembered } = admission
    if (remembered === undefined) return new Response(null, { status: 204 })
    // The id of an endpoint that an operator added may hold what a header cannot.
    return new Response(null, { status: 204, headers: { [rememberedHeader]: encodeURIComponent(remembered) } })
  }
  return new Response(JSON.stringify({ admission, tag }))
}
