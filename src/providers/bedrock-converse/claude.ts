/** What sets one Claude apart from the others on Bedrock; read from its id, because the catalogue has no such facts. */
export interface ClaudeFacts {
  /**
   * `budget`: by a number of tokens. `adaptive`: the model measures its own thinking and takes an effort. `none`: it
   * doesn't think.
   */
  thinking: 'none' | 'budget' | 'adaptive'
  /** Thinks unless told not to. */
  thinksByDefault: boolean
  /** `thinking: {type: "disabled"}` is an error. */
  alwaysThinks: boolean
  /** Shows a summary of its thoughts only when asked for one. */
  hidesThoughts: boolean
  /** Levels of effort, where the catalogue knows none. */
  efforts: readonly ('low' | 'medium' | 'high' | 'xhigh' | 'max')[]
  /** temperature, top_p and top_k are errors. */
  refusesSampling: boolean
  /** temperature and top_p exclude each other. */
  oneOfTemperatureAndTopP: boolean
  /** `any` and a named tool are errors. */
  refusesForcedTools: boolean
  /** A schema for the answer, and `strict` tools. */
  structured: boolean
  /** A conversation may end with the beginning of the answer. */
  prefill: boolean
  caching: boolean
  /** Cache points may live for an hour. */
  hourLongCaching: boolean
}

/** The facts of a Claude by its upstream id. One with a number that nobody knows yet is taken for the newest kind. */
export function claudeFactsOf(id: string): ClaudeFacts {
  const { name, version } = readId(id)
  const isFable = name === 'fable' || name === 'mythos'
  const thinking = version < 3.7 ? 'none' : version < 4.6 && !isFable ? 'budget' : 'adaptive'
  return {
    thinking,
    thinksByDefault: version >= 5,
    alwaysThinks: isFable || version >= 5.5,
    hidesThoughts: version >= 4.7,
    efforts: version >= 4.7 ? ['low', 'medium', 'high', 'xhigh', 'max'] : ['low', 'medium', 'high', 'max'],
    refusesSampling: version >= 4.7,
    oneOfTemperatureAndTopP: version >= 4.1,
    refusesForcedTools: version >= 5.5 || (isFable && version >= 5.1),
    // Bedrock has its own copy of the Messages schema, which never learned the field for anything newer.
    structured: version >= 4.5 && version < 4.7,
    prefill: version < 4.6,
    caching: version >= 3.5 && !id.includes('3-5-sonnet-20240620'),
    hourLongCaching: version >= 4.5,
  }
}

/** `claude-3-7-sonnet-20250219`, `claude-opus-4-20250514`, `claude-haiku-4-5-20251001`, `claude-fable-5.1`, `claude-v2`. */
function readId(id: string): { name: string; version: number } {
  const old = /claude-(?:instant-)?v?([1-3])(?:[.-](\d))?(?!\d)(?:-([a-z]+))?/.exec(id)
  if (old) return { name: old[3] ?? '', version: Number(`${old[1]}.${old[2] ?? 0}`) }
  const named = /claude-([a-z]+)-(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)/.exec(id)
  return { name: named?.[1] ?? '', version: named ? Number(`${named[2]}.${named[3] ?? 0}`) : 99 }
}
