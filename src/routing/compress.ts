import type { ContentPart, Message } from '../chat/request.ts'
import { measureMessage } from './needs.ts'
import { addText, newTextSize, type TextSize } from './text-size.ts'

export interface Room {
  /** What the messages may weigh, in estimated tokens. */
  budgetTokens: number
  maxMessages?: number | undefined
}

export interface Compressed {
  messages: Message[]
  /** How many messages are not there any more. */
  leftOut: number
  /** How many have had something of their text left out. */
  shortened: number
}

/** Stands where text was left out. */
export const gapMark = '\n…\n'
/** A text that is cut to less than this says nothing any more. */
const minTextTokens = 16
/** Sums of doubles, in another order, differ by so much at most. */
const slack = 1e-6

/**
 * Makes messages fit by leaving out the middle (`openrouter-routing.md` §3.14): half of what fits comes from the
 * beginning, half from the end. System and developer messages stay whole; the last message of the user and the very last
 * one stay, shortened in their middle where they are too long even alone. A call of a tool goes and stays with its
 * results. A message that would take more than a quarter of the room is shortened before others are left out for it.
 *
 * Null where all fits already, or where what must stay does not. The messages given are not changed.
 */
export function compress(messages: readonly Message[], { budgetTokens, maxMessages }: Room): Compressed | null {
  const mostMessages = maxMessages ?? Number.POSITIVE_INFINITY
  const tokens = new Float64Array(messages.length)
  const size = newTextSize()
  let total = 0
  for (let i = 0; i < messages.length; i++) total += tokens[i] = tokensOf(messages[i] as Message, size)
  if (total <= budgetTokens + slack && messages.length <= mostMessages) return null

  const { units, unitAt } = unitsOf(messages, tokens)
  const placesOf = (unit: Unit) => findPlaces(unit, unitAt)
  const system: Unit[] = []
  const pinned: Unit[] = []
  const free: Unit[] = []
  for (const unit of units) (unit.kind === 'system' ? system : unit.kind === 'pinned' ? pinned : free).push(unit)
  const systemTokens = sumOf(system)
  const freeTokens = budgetTokens - systemTokens - sumOf(pinned)
  const replaced = new Map<number, Message>()
  let kept = pinned
  if (freeTokens < 0) {
    const places = pinned.flatMap(placesOf)
    if (shortenTo(messages, tokens, places, budgetTokens - systemTokens, replaced) === null) return null
  } else {
    const levelTokens = giantsLevel(free, freeTokens)
    const weigh = (unit: Unit) => {
      if (unit.tokens <= levelTokens) return unit.tokens
      return shortenTo(messages, tokens, placesOf(unit), levelTokens, replaced) ?? unit.tokens
    }
    const freeMessages = mostMessages - countOf(system) - countOf(pinned)
    const chosen = chooseEnds(free, weigh, freeTokens, freeMessages)
    kept = alternating([...pinned, ...chosen].sort(byPlace), units)
  }

  const stays = new Uint8Array(units.length)
  for (const { index } of system) stays[index] = 1
  for (const { index } of kept) stays[index] = 1
  const result: Message[] = []
  let shortened = 0
  for (let place = 0; place < messages.length; place++) {
    if (stays[unitAt[place] as number] !== 1) continue
    const changed = replaced.get(place)
    if (changed) shortened++
    result.push(changed ?? (messages[place] as Message))
  }
  return { messages: result, leftOut: messages.length - result.length, shortened }
}

/** Messages that are kept or left out together: one, or a call of tools with its results. */
interface Unit {
  kind: 'system' | 'pinned' | 'free'
  /** Its place among all units. */
  index: number
  /** The place of its first message. */
  place: number
  messages: number
  tokens: number
  firstRole: Message['role']
  lastRole: Message['role']
}

const byPlace = (a: Unit, b: Unit) => a.index - b.index
const sumOf = (units: readonly Unit[]) => units.reduce((total, { tokens }) => total + tokens, 0)
const countOf = (units: readonly Unit[]) => units.reduce((total, { messages }) => total + messages, 0)

function unitsOf(messages: readonly Message[], tokens: Float64Array) {
  const units: Unit[] = []
  const unitAt = new Int32Array(messages.length)
  const callers = new Map<string, Unit>()
  let lastOfUser: Unit | undefined
  let last: Unit | undefined
  for (let place = 0; place < messages.length; place++) {
    const message = messages[place] as Message
    const { role } = message
    let unit = role === 'tool' ? callers.get(message.tool_call_id) : undefined
    if (!unit) {
      const kind = role === 'system' || role === 'developer' ? 'system' : 'free'
      unit = { kind, index: units.length, place, messages: 0, tokens: 0, firstRole: role, lastRole: role }
      units.push(unit)
    }
    unit.messages++
    unit.tokens += tokens[place] as number
    unit.lastRole = role
    unitAt[place] = unit.index
    last = unit
    if (role === 'user') lastOfUser = unit
    if (role === 'assistant' && message.tool_calls) for (const { id } of message.tool_calls) callers.set(id, unit)
  }
  for (const unit of [lastOfUser, last]) if (unit?.kind === 'free') unit.kind = 'pinned'
  return { units, unitAt }
}

/** Reads on to a result that comes late, so not to be asked of every unit. */
function findPlaces({ index, place, messages }: Unit, unitAt: Int32Array): number[] {
  const places: number[] = []
  for (let at = place; places.length < messages; at++) if (unitAt[at] === index) places.push(at)
  return places
}

/** Takes units from both ends until nothing fits any more: half of the room for the beginning, the rest for the end. */
function chooseEnds(free: readonly Unit[], weigh: (unit: Unit) => number, tokens: number, messages: number): Unit[] {
  const chosen: Unit[] = []
  let from = 0
  let to = free.length
  let leftTokens = tokens
  let leftMessages = messages
  const take = (unit: Unit | undefined, spareTokens: number, spareMessages: number): boolean => {
    if (!unit) return false
    const weight = weigh(unit)
    if (weight > leftTokens - spareTokens + slack || unit.messages > leftMessages - spareMessages) return false
    leftTokens -= weight
    leftMessages -= unit.messages
    chosen.push(unit)
    return true
  }
  while (from < to && take(free[from], tokens / 2, Math.ceil(messages / 2))) from++
  while (from < to && take(free[to - 1], 0, 0)) to--
  while (from < to && take(free[from], 0, 0)) from++
  return chosen
}

/**
 * Without a unit before each gap that would make two messages of one role neighbours which were none, and without a
 * beginning that is the model's where it was the user's: templates of many open models refuse both.
 */
function alternating(kept: readonly Unit[], units: readonly Unit[]): Unit[] {
  const whole: Unit[] = []
  for (const unit of kept) {
    const before = whole.at(-1)
    const isGap = before !== undefined && isBroken(before, unit, units)
    if (before && isGap && before.kind === 'free' && before.lastRole === unit.firstRole) whole.pop()
    whole.push(unit)
  }
  const first = units.find(({ kind }) => kind !== 'system')
  const start = first?.firstRole === 'user' ? whole.findIndex(isPinnedOrUsers) : 0
  return start > 0 ? whole.slice(start) : whole
}

function isPinnedOrUsers({ kind, firstRole }: Unit): boolean {
  return kind === 'pinned' || firstRole === 'user'
}

/** Whether something that was said between two units is not there any more. */
function isBroken(before: Unit, after: Unit, units: readonly Unit[]): boolean {
  for (let index = before.index + 1; index < after.index; index++) if (units[index]?.kind !== 'system') return true
  return false
}

/** What the largest units may keep: as much as makes all fit, but no more than a quarter of the room if that is more. */
function giantsLevel(free: readonly Unit[], roomTokens: number): number {
  const quarter = roomTokens / 4
  const giants = free.filter(({ tokens }) => tokens > quarter)
  if (giants.length === 0) return Number.POSITIVE_INFINITY
  const left = roomTokens - (sumOf(free) - sumOf(giants))
  return Math.max(
    quarter,
    levelOf(
      giants.map(({ tokens }) => tokens),
      left,
    ),
  )
}

/** The height to which all can be cut so that together they fit; infinite where they fit as they are. */
function levelOf(sizes: readonly number[], room: number): number {
  const ascending = [...sizes].sort((a, b) => a - b)
  let left = room
  for (let index = 0; index < ascending.length; index++) {
    const level = left / (ascending.length - index)
    const size = ascending[index] as number
    if (size > level) return level
    left -= size
  }
  return Number.POSITIVE_INFINITY
}

/**
 * Shortens the texts of some messages, the longest first, to so many tokens in all. Puts the new messages into `into` and
 * answers what they weigh; null where too little would be left of them.
 */
function shortenTo(
  messages: readonly Message[],
  tokens: Float64Array,
  places: readonly number[],
  mostTokens: number,
  into: Map<number, Message>,
): number | null {
  const sizes: number[] = []
  let fixedTokens = 0
  for (const place of places) {
    const texts = textsOf(messages[place] as Message).map(weightOf)
    sizes.push(...texts)
    fixedTokens += (tokens[place] as number) - texts.reduce((total, size) => total + size, 0)
  }
  const levelTokens = levelOf(sizes, mostTokens - fixedTokens)
  if (fixedTokens > mostTokens || levelTokens < minTextTokens) return null
  let total = 0
  for (const place of places) {
    const message = messages[place] as Message
    const shorter = withShorterTexts(message, levelTokens)
    if (shorter !== message) into.set(place, shorter)
    total += tokensOf(shorter)
  }
  return total
}

function textsOf({ content }: Message): string[] {
  if (typeof content === 'string') return [content]
  return (content ?? []).flatMap((part: ContentPart) => (part.type === 'text' ? [part.text] : []))
}

function withShorterTexts(message: Message, mostTokens: number): Message {
  const { content } = message
  if (textsOf(message).every((text) => weightOf(text) <= mostTokens)) return message
  const shorter =
    typeof content === 'string'
      ? withoutMiddle(content, mostTokens)
      : content?.map((part: ContentPart) =>
          part.type === 'text' ? { ...part, text: withoutMiddle(part.text, mostTokens) } : part,
        )
  // A system message is never shortened, and of every other one both forms of content are the type's.
  return { ...message, content: shorter } as Message
}

/** Both ends of a text, as long as they weigh no more than so many tokens; at least 16. */
export function withoutMiddle(text: string, mostTokens: number): string {
  const weight = weightOf(text)
  if (weight <= mostTokens) return text
  let keep = Math.floor((text.length * mostTokens) / weight)
  for (;;) {
    const cut = endsOf(text, keep)
    const over = weightOf(cut) / mostTokens
    if (over <= 1 || keep <= 0) return cut
    // What is left may be denser than the whole was.
    keep = Math.floor((keep / over) * 0.98)
  }
}

function endsOf(text: string, keep: number): string {
  let head = Math.ceil(keep / 2)
  let tail = text.length - (keep - head)
  // Half a surrogate pair is no character, and no provider takes it.
  if (isLowSurrogate(text, head)) head--
  if (isLowSurrogate(text, tail)) tail++
  return text.slice(0, head) + gapMark + text.slice(tail)
}

function isLowSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  const before = text.charCodeAt(index - 1)
  return code >= 0xdc00 && code < 0xe000 && before >= 0xd800 && before < 0xdc00
}

function weightOf(text: string): number {
  const size = newTextSize()
  addText(size, text)
  return size.tokens
}

/** By the same estimate as the plan's. */
function tokensOf(message: Message, size: TextSize = newTextSize()): number {
  size.tokens = 0
  measureMessage(message, size)
  return size.tokens
}
