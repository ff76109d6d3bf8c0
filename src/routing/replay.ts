import type { ModelEntry } from '../catalog/records.ts'
import type { DecisionRecord, RecordedHealth } from '../metering/decision-record.ts'
import { idOfRef, modelIdsOf } from './endpoint-refs.ts'
import { calmHealth, type EndpointHealth, type Percentiles } from './health.ts'
import type { CandidateModel, DynamicSuffix } from './model-id.ts'
import { needNamed, type RequestNeeds } from './needs.ts'
import { type Plan, plan } from './plan.ts'
import { promoteSticky } from './sticky.ts'

/**
 * Makes a past decision again: the plan is the one that the record was made of, with the same attempts in the same
 * order, the same chances, and the same rules against all others. Its `failure` words the client's lists as they are
 * kept, so its message may differ.
 *
 * @param entries the models of the record as its catalogue had them, in any order
 * @returns null where a model is not there or the record was cut
 */
export function replay(record: DecisionRecord, entries: readonly ModelEntry[]): Plan | null {
  if (record.cut) return null
  const candidates = candidatesOf(record, entries)
  if (!candidates) return null
  const modelIds = modelIdsOf(record)
  const unusable = new Set(record.out.not_configured?.map((ref) => idOfRef(ref, modelIds)))
  const health = new Map(
    Object.entries(record.health ?? {}).map(([ref, kept]) => [
      idOfRef(ref, modelIds),
      { ...healthOf(kept), probeReady: ref === record.probe },
    ]),
  )
  const probe = record.probe === undefined ? null : idOfRef(record.probe, modelIds)
  const drawn = plan({
    needs: needsOf(record),
    entries: candidates,
    region: record.region,
    ...(record.account ? { policy: record.account } : {}),
    usable: ({ id }) => !unusable.has(id),
    health: ({ id }) => health.get(id),
    takeProbe: ({ id }) => id === probe,
    seed: record.seed,
    now: record.at,
  })
  return record.sticky === undefined ? drawn : promoteSticky(drawn, idOfRef(record.sticky, modelIds))
}

function candidatesOf({ models }: DecisionRecord, entries: readonly ModelEntry[]): CandidateModel[] | null {
  const candidates: CandidateModel[] = []
  for (const { asked, id = asked, freeOnly, dynamics } of models) {
    const entry = entries.find(({ model }) => model.id === id)
    if (!entry) return null
    candidates.push({
      requestedId: asked,
      entry,
      ...(freeOnly ? { freeOnly } : {}),
      ...(dynamics ? { dynamics: dynamics as DynamicSuffix[] } : {}),
    })
  }
  return candidates
}

function needsOf({ needs, preferences }: DecisionRecord): RequestNeeds {
  const parameters = (needs.parameters ?? []).map(needNamed)
  return {
    route: needs.route ?? 'chat',
    inputModalities: needs.input ?? [],
    outputModalities: needs.output ?? [],
    tools: needs.tools === true,
    responseFormat: parameters.find(({ parameter }) => parameter === 'response_format') ?? null,
    verbosity: needs.verbosity === true,
    reasoningOff: needs.reasoningOff ?? null,
    parameters,
    maxOutputTokens: needs.maxOutputTokens ?? null,
    promptTokensEstimate: needs.promptTokens,
    // Nothing is reserved for what is only played again.
    promptTokensAtMost: needs.promptTokens,
    minPromptTokens: needs.minPromptTokens,
    systemTokens: needs.systemTokens ?? 0,
    outsideMessagesTokens: needs.outsideMessagesTokens ?? 0,
    messageCount: needs.messages ?? 0,
    compression: needs.compression ?? null,
    serviceTier: needs.serviceTier ?? null,
    legacyRoute: needs.legacyRoute ?? null,
    preferences: preferences ?? {},
  }
}

function healthOf({ unstable, band, openUntil, cooldownUntil, ...figures }: RecordedHealth): EndpointHealth {
  return {
    ...calmHealth,
    unstable: unstable === true,
    band: band ?? 'normal',
    openUntil: openUntil ?? 0,
    cooldownUntil: cooldownUntil ?? 0,
    latency: percentilesOf(figures.latency),
    throughput: percentilesOf(figures.throughput),
    ...(figures.measured ? { measured: true } : {}),
    ...(figures.toolSuccess === undefined ? {} : { toolSuccess: figures.toolSuccess }),
  }
}

/** Where only the median is kept, only the median was asked for. */
function percentilesOf(figures: readonly number[] | undefined): Percentiles | null {
  const p50 = figures?.[0]
  if (figures === undefined || p50 === undefined) return null
  const [, p75 = p50, p90 = p50, p99 = p50] = figures
  return { p50, p75, p90, p99 }
}
